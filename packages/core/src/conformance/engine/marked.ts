/** Processes that are known by a number nobody else sleeps for, seen from the machine itself where it can see them. */
import {readdir, readFile} from 'node:fs/promises';

/** For `sleep`: longer than any case. */
export const marker = (): string => String(200_000_000 + Math.floor(Math.random() * 700_000_000));

/** 0 also where boxes run on another machine, so a case first looks whether there is anything to see. */
export async function markCount(mark: string): Promise<number> {
  const pids = (await readdir('/proc').catch((): string[] => [])).filter(name => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
  return lines.filter(line => line.split('\0').includes(mark)).length;
}

export const findsMarks = async (mark: string): Promise<boolean> => (await markCount(mark)) > 0;
