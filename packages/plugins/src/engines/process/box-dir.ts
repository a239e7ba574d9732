import {mkdir, open, readFile, readdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {BoxSpec, Labels} from '@boxyard/core/plugin-api';

/**
 * What is known of a box, in files of ours that its programs cannot reach, so that it outlives every process of ours:
 * `spec.json` (made once), `started` (taken once, before the start), `run.json` (after it), `exit` (its room is taken when the box is
 * made, so that an end can be written on a full disk), `killed`, `swept`, `stdout`, `stderr`.
 */
export interface BoxDir {
  readonly name: string;
  readonly dir: string;
  readonly workspace: string;
}

export interface Kept {
  readonly labels: Labels;
  readonly main: BoxSpec['main'];
  readonly env: Labels;
  readonly cwd: string;
  readonly stdin: boolean;
}

export interface Run {
  /** Absent: a box that only holds a folder. */
  readonly pid?: number;
  /** Tells a process from a later one with the same pid. */
  readonly startedTicks?: string;
  readonly boot: string;
  readonly since: string;
}

/** What stands for the box's `/usr/local/bin`: first on its programs' PATH, and nothing of the job's own files. */
export const programsOf = (workspace: string): string => `${workspace}.bin`;

const PREFIX = 'box-';
const NO_EXIT_YET = '\0'.repeat(8);
export const fileOf = (
  {dir}: BoxDir,
  name: 'spec.json' | 'started' | 'run.json' | 'exit' | 'killed' | 'swept' | 'stdout' | 'stderr',
): string => path.join(dir, name);

export const boxDir = (stateDir: string, work: string, name: string): BoxDir => ({
  name,
  dir: path.join(stateDir, `${PREFIX}${name}`),
  workspace: path.join(work, name),
});

/** Appears whole or not at all. False: a box of this name is there already. */
export const makeBoxDir = async (box: BoxDir, kept: Kept): Promise<boolean> => {
  const making = `${box.dir}.making-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const files = {'spec.json': JSON.stringify(kept), stdout: '', stderr: '', exit: NO_EXIT_YET};
  try {
    await mkdir(making, {mode: 0o700, recursive: true});
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(making, name), text, {mode: 0o600});
    await rename(making, box.dir);
    return true;
  } catch (error) {
    await rm(making, {recursive: true, force: true});
    if (['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
};

export const listBoxNames = async (stateDir: string): Promise<string[]> => {
  const names = await readdir(stateDir).catch(() => []);
  return names.filter(name => name.startsWith(PREFIX) && !name.includes('.')).map(name => name.slice(PREFIX.length));
};

export const readKept = async (box: BoxDir): Promise<Kept | undefined> => readJson<Kept>(fileOf(box, 'spec.json'));
export const readRun = async (box: BoxDir): Promise<Run | undefined> => readJson<Run>(fileOf(box, 'run.json'));

export const writeWhole = async (file: string, text: string): Promise<void> => {
  const next = `${file}.${process.pid}.next`;
  await writeFile(next, text, {mode: 0o600});
  await rename(next, file);
};

/** True for the one who may start the box: it starts once. */
export const takeStart = async (box: BoxDir): Promise<boolean> => {
  const file = await open(fileOf(box, 'started'), 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  await file?.close();
  return file !== undefined;
};

/** As it was before its start. */
export const forgetRun = async (box: BoxDir): Promise<void> => {
  for (const name of ['killed', 'swept', 'run.json', 'started'] as const) await rm(fileOf(box, name), {force: true});
};

export const timeOf = async (file: string): Promise<Date | undefined> => (await stat(file).catch(() => undefined))?.mtime;

export const readText = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);

const readJson = async <T>(file: string): Promise<T | undefined> => {
  const text = await readText(file);
  return text === undefined ? undefined : (JSON.parse(text) as T);
};
