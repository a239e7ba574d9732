import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Program} from '../lab/program.ts';
import type {Fault} from './fault.ts';

/**
 * F9: a preload for a program's `NODE_OPTIONS` that spins the event loop when it gets SIGUSR2, so that timers are late and
 * sockets look alive.
 */
export function spinPreload(dir: string, ms: number): {env: Readonly<Record<string, string>>} {
  const file = join(dir, 'spin.mjs');
  writeFileSync(file, `process.on('SIGUSR2', () => { const end = Date.now() + ${ms}; while (Date.now() < end); });\n`);
  return {env: {NODE_OPTIONS: `--import=${file}`}};
}

export const blockEventLoop = (program: Program): Fault => ({
  name: `F9 blocked event loop of ${program.options.name}`,
  inject: async () => program.signal('SIGUSR2'),
  heal: async () => undefined,
});
