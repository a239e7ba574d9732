import {appendFileSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Paths} from '@boxyard/core/config';
import {story} from '../render-error.ts';
import type {Program} from './context.ts';

/** Keeps the whole story of an unexpected error; undefined where the disk would not take it. Arguments are not written: they may hold secrets. */
export function writeCrashLog(at: Paths, error: Error, program: Pick<Program, 'now' | 'version' | 'pid'>): string | undefined {
  const file = join(at.state, 'cli.log');
  try {
    mkdirSync(at.state, {recursive: true, mode: 0o700});
    const head = `${new Date(program.now()).toISOString()} boxyard ${program.version} pid ${program.pid}`;
    appendFileSync(file, `${head}\n${story(error)}\n\n`, {mode: 0o600});
    return file;
  } catch {
    return undefined;
  }
}
