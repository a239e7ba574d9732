/** Finding and killing processes of this machine by what they are marked with. Linux only; elsewhere nothing is found. */
import {readFileSync, readdirSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';

const AT_ONCE = 32;

export interface Marker {
  readonly name: string;
  readonly value: string;
}

/** Whether this pid is a live process here; a zombie nobody has collected yet still is. */
export const isHere = (pid: number): boolean => {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Every live process with the marker in its environment, the roots, and all their descendants, so that neither a double
 * fork nor an emptied environment hides one.
 */
export const findTree = async (marker: Marker, roots: readonly number[] = []): Promise<number[]> => {
  const all = await processes(`${marker.name}=${marker.value}`);
  const found = new Set(all.filter(one => one.isMarked || roots.includes(one.pid)).map(one => one.pid));
  for (let before = found.size === 0 ? 0 : -1; before !== found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  found.delete(process.pid);
  return [...found];
};

/**
 * Signals the tree; SIGKILL is repeated until nothing is left or two seconds are over. The number of processes found first.
 * All are stopped before the first is killed: one whose neighbour dies first would take the end of its pipe for the end of its
 * input, and go on for a moment as if all had been said.
 */
export const killTree = async (marker: Marker, kind: NodeJS.Signals, roots: readonly number[] = []): Promise<number> => {
  const first = await findTree(marker, roots);
  if (kind === 'SIGKILL') signalAll(first, 'SIGSTOP');
  signalAll(first, kind);
  if (kind !== 'SIGKILL') return first.length;
  const until = performance.now() + 2_000;
  for (let left = first; left.length > 0 && performance.now() < until;) {
    await delay(5);
    left = await findTree(marker, roots);
    signalAll(left, kind);
  }
  return first.length;
};

const signalAll = (pids: readonly number[], kind: NodeJS.Signals): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, kind);
    } catch {
      // It ended by itself.
    }
  }
};

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly isMarked: boolean;
}

/**
 * Read synchronously, a few at a time: these files are answered from memory, and two trips to a thread for each of hundreds of
 * processes take many times as long, the more so on a busy machine.
 */
const processes = async (wanted: string): Promise<Seen[]> => {
  const all: Seen[] = [];
  const names = readNames();
  for (const [index, name] of names.entries()) {
    const seen = look(name, wanted);
    if (seen !== undefined) all.push(seen);
    if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
  }
  return all;
};

const readNames = (): string[] => {
  try {
    return readdirSync('/proc').filter(name => /^\d+$/.test(name));
  } catch {
    return [];
  }
};

/** A zombie runs nothing and ignores signals, so it does not count. */
const look = (name: string, wanted: string): Seen | undefined => {
  const text = read(`/proc/${name}/stat`);
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (text === '' || state === 'Z' || state === 'X') return undefined;
  const environment = read(`/proc/${name}/environ`);
  const isMarked = environment.startsWith(`${wanted}\0`) || environment.includes(`\0${wanted}\0`);
  return {pid: Number(name), parent: Number(parent), isMarked};
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
