import {closeSync, existsSync, mkdirSync, openSync, readSync, rmSync, unlinkSync, writeSync} from 'node:fs';
import {EventEmitter} from 'node:events';
import path from 'node:path';
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
  /** Resolves at the next write of the box that this process makes or sees, or after so long: another process may write it too. */
  nextWrite(name: string, withinMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

type Entry = {readonly add: Stored; readonly by: string} | {readonly write: Stored} | {readonly drop: string};

/**
 * One file of appended lines, whose order is the order of events for all processes: creating and removing a file per box
 * would cost more than everything around it. Synchronous, since each step is a few microseconds on a disk that is not asked
 * to be durable.
 */
export const openStore = (dir: string): Store => {
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const file = openSync(path.join(dir, 'log'), 'a+', 0o600);
  const boxes = new Map<string, {readonly stored: Stored; readonly by?: string}>();
  const changed = new EventEmitter().setMaxListeners(0);
  const fileOf = (name: string, what: string): string => path.join(dir, `${name}.${what}`);
  const apply = (entry: Entry): void => {
    if ('drop' in entry) boxes.delete(entry.drop);
    else if ('write' in entry) boxes.set(entry.write.spec.name, {stored: entry.write});
    else if (!boxes.has(entry.add.spec.name)) boxes.set(entry.add.spec.name, {stored: entry.add, by: entry.by});
    changed.emit(`box ${'drop' in entry ? entry.drop : ('write' in entry ? entry.write : entry.add).spec.name}`);
  };
  const catchUp = lineReader(file, line => apply(JSON.parse(line) as Entry));
  const append = (entry: Entry): void => {
    writeSync(file, `${JSON.stringify(entry)}\n`);
    catchUp();
  };
  let adds = 0;
  return {
    read: name => {
      catchUp();
      return boxes.get(name)?.stored;
    },
    add: stored => {
      catchUp();
      if (boxes.has(stored.spec.name)) return false;
      const by = `${process.pid}.${adds++}`;
      append({add: stored, by});
      return boxes.get(stored.spec.name)?.by === by;
    },
    write: stored => append({write: stored}),
    drop: name => {
      // Looking first: a removal of nothing costs more than all else a box does.
      if (existsSync(fileOf(name, 'files'))) rmSync(fileOf(name, 'files'), {recursive: true, force: true});
      if (existsSync(fileOf(name, 'stdin'))) unlinkSync(fileOf(name, 'stdin'));
      append({drop: name});
    },
    names: () => {
      catchUp();
      return [...boxes.keys()];
    },
    fileOf,
    nextWrite: (name, withinMs, signal) => nextChange(changed, `box ${name}`, withinMs, signal),
    close: () => closeSync(file),
  };
};

/** Gives the lines that were appended since the last call, whoever appended them; one that is not whole yet waits. */
const lineReader = (file: number, onLine: (line: string) => void): (() => void) => {
  const buffer = Buffer.allocUnsafe(64 * 1024);
  let at = 0;
  let rest = Buffer.alloc(0);
  return () => {
    for (let bytes = readSync(file, buffer, 0, buffer.length, at); bytes > 0; bytes = readSync(file, buffer, 0, buffer.length, at)) {
      at += bytes;
      const known = Buffer.concat([rest, buffer.subarray(0, bytes)]);
      const end = known.lastIndexOf(10) + 1;
      rest = known.subarray(end);
      for (const line of known.toString('utf8', 0, end).split('\n')) if (line !== '') onLine(line);
      if (bytes < buffer.length) return;
    }
  };
};

const nextChange = (changed: EventEmitter, box: string, withinMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      changed.off(box, settle);
      signal.removeEventListener('abort', settle);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(settle, withinMs);
    changed.on(box, settle);
    signal.addEventListener('abort', settle, {once: true});
    if (signal.aborted) settle();
  });
