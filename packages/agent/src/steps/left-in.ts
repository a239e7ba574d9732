import {readFileSync, readdirSync, readlinkSync} from 'node:fs';

/**
 * Where the first program of a job is, as it sees it: its engine forgot it, this machine did not, for as long as it lives. A new
 * terminal is to begin there (R7). Nothing where that cannot be seen, as from outside of a virtual machine.
 */
export function leftIn(job: string): {directory?: string} {
  const mark = `BOXYARD_JOB=${job}\0`;
  const pids = linesOf(() => readdirSync('/proc')).filter(name => /^\d+$/.test(name));
  // The oldest of them is what the terminal began with: a shell, of whose directory a person thinks.
  const [first] = pids.filter(pid => textOf(`/proc/${pid}/environ`).includes(mark)).toSorted((a, b) => Number(a) - Number(b));
  if (first === undefined) return {};
  const [directory] = linesOf(() => [readlinkSync(`/proc/${first}/cwd`)]);
  return directory === undefined || directory.endsWith(' (deleted)') ? {} : {directory};
}

const linesOf = (read: () => string[]): string[] => {
  try {
    return read();
  } catch {
    return [];
  }
};

const textOf = (path: string): string => linesOf(() => [readFileSync(path, 'latin1')])[0] ?? '';
