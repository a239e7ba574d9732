/** Finding and killing processes of this machine by what they are marked with. Linux only; elsewhere nothing is found. */
import {readFile, readdir} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';

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
  const all = await processes();
  const wanted = `${marker.name}=${marker.value}`;
  const found = new Set<number>(all.filter(one => roots.includes(one.pid)).map(one => one.pid));
  await Promise.all(
    all.map(async ({pid}) => {
      if (await hasVariable(pid, wanted)) found.add(pid);
    }),
  );
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  found.delete(process.pid);
  return [...found];
};

/** Signals the tree; SIGKILL is repeated until nothing is left or two seconds are over. The number of processes found first. */
export const killTree = async (marker: Marker, kind: NodeJS.Signals, roots: readonly number[] = []): Promise<number> => {
  const first = await findTree(marker, roots);
  signalAll(first, kind);
  if (kind !== 'SIGKILL') return first.length;
  const until = Date.now() + 2_000;
  for (let left = first; left.length > 0 && Date.now() < until;) {
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

const processes = async (): Promise<{pid: number; parent: number}[]> => {
  const names = await readdir('/proc').catch(() => []);
  const all = await Promise.all(names.filter(name => /^\d+$/.test(name)).map(stat));
  return all.filter(one => one !== undefined);
};

/** A zombie runs nothing and ignores signals, so it does not count. */
const stat = async (name: string): Promise<{pid: number; parent: number} | undefined> => {
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' || state === 'Z' || state === 'X' ? undefined : {pid: Number(name), parent: Number(parent)};
};

const hasVariable = async (pid: number, wanted: string): Promise<boolean> => {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.startsWith(`${wanted}\0`) || environment.includes(`\0${wanted}\0`);
};
