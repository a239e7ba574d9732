import type {Program} from '../lab/program.ts';
import type {Fault} from './fault.ts';

/** F7: kill -9; `heal` starts it again with `restart` (default: the same program). */
export const crash = (program: Program, restart: () => Promise<void> = async () => program.start()): Fault => ({
  name: `F7 kill -9 ${program.options.name}`,
  inject: () => program.kill(),
  async heal() {
    if (!program.isRunning) await restart();
  },
});

/** F8: alive to TCP, dead to us. */
export const hang = (program: Program): Fault => freeze(`F8 stop ${program.options.name}`, () => (program.isRunning ? [program.pid] : []));

/** F8 for processes that are not of the lab's own making (session hosts, the program's children). */
export const freeze = (name: string, pids: () => readonly number[]): Fault => {
  let stopped: readonly number[] = [];
  return {
    name,
    async inject() {
      stopped = pids();
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    },
    async heal() {
      for (const pid of stopped) {
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // It ended meanwhile.
        }
      }
      stopped = [];
    },
  };
};
