import type {Program} from '../lab/program.ts';
import type {Fault} from './fault.ts';

/** F9: an environment in which SIGUSR2 makes a program spin for so long, so that timers are late and sockets look alive. */
export const spinPreload = (ms: number): Readonly<Record<string, string>> => {
  const spin = `process.on('SIGUSR2', () => { const end = Date.now() + ${ms}; while (Date.now() < end); });`;
  return {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(spin)}`};
};

export const blockEventLoop = (program: Program): Fault => ({
  name: `F9 blocked event loop of ${program.options.name}`,
  inject: async () => program.signal('SIGUSR2'),
  heal: async () => undefined,
});
