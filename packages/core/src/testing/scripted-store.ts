import {existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync} from 'node:fs';
import {EventEmitter, once} from 'node:events';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {BoxSpec, Exit} from '../plugin-api/index.ts';

/** One box on disk: agent and session host are two processes, and the truth is in the engine. */
export interface Stored {
  readonly spec: Pick<BoxSpec, 'name' | 'labels' | 'main' | 'env' | 'image'>;
  readonly startedAt?: number;
  readonly ended?: {readonly exit: Exit; readonly at: number};
}

export interface Store {
  read(name: string): Stored | undefined;
  /** False if there is one of this name. */
  add(stored: Stored): boolean;
  write(stored: Stored): void;
  drop(name: string): void;
  names(): readonly string[];
  fileOf(name: string, what: 'stdin' | 'files'): string;
  /** Resolves at this process's next write of the box, or after so long: another process may write it too. */
  nextWrite(name: string, withinMs: number, signal: AbortSignal): Promise<void>;
}

/** Synchronous, since each step is a few microseconds on a disk that is not asked to be durable. */
export const openStore = (dir: string): Store => {
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const written = new EventEmitter().setMaxListeners(0);
  const fileOf = (name: string, what: string): string => path.join(dir, `${name}.${what}`);
  const write = (stored: Stored): void => {
    const next = fileOf(stored.spec.name, `next-${process.pid}`);
    writeFileSync(next, JSON.stringify(stored));
    renameSync(next, fileOf(stored.spec.name, 'json'));
    written.emit(`box ${stored.spec.name}`);
  };
  return {
    read: name => tryOr(() => JSON.parse(readFileSync(fileOf(name, 'json'), 'utf8')) as Stored),
    add: stored =>
      tryOr(() => {
        writeFileSync(fileOf(stored.spec.name, 'json'), JSON.stringify(stored), {flag: 'wx'});
        return true;
      }) ?? false,
    write,
    drop: name => {
      // Looking first: a recursive removal of nothing costs more than all else a box does.
      if (existsSync(fileOf(name, 'files'))) rmSync(fileOf(name, 'files'), {recursive: true, force: true});
      for (const what of ['stdin', 'json']) tryOr(() => unlinkSync(fileOf(name, what)));
    },
    names: () => readdirSync(dir).flatMap(file => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])),
    fileOf,
    nextWrite: async (name, withinMs, signal) => {
      const done = new AbortController();
      const either = AbortSignal.any([signal, done.signal]);
      await Promise.race([once(written, `box ${name}`, {signal: either}), delay(withinMs, undefined, {signal: either})])
        .catch(() => signal.throwIfAborted())
        .finally(() => done.abort());
    },
  };
};

const tryOr = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch (error) {
    if (['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
};
