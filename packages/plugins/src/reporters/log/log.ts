import {open, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Reporter} from '@boxyard/core/plugin-api';
import type {LogConfig} from './config.ts';

/**
 * A JSON line for each event in `events.jsonl`, older ones in `events.1.jsonl` and on. A line is on the disk when the event
 * counts as delivered; one that a crash cut off is ended, and its event comes again with the same id.
 */
export function createLog({maxBytes, files}: LogConfig, dir: string): Reporter {
  return {
    async report(event) {
      const line = Buffer.from(`${JSON.stringify(event)}\n`);
      if ((await sizeOf(fileOf(dir, 0))) + line.length > maxBytes) await rotate(dir, files);
      const file = await open(fileOf(dir, 0), 'a+', 0o600);
      try {
        const {size} = await file.stat();
        const isTorn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a;
        await file.appendFile(isTorn ? Buffer.concat([Buffer.from('\n'), line]) : line);
        await file.datasync();
      } finally {
        await file.close();
      }
      return 'delivered';
    },
  };
}

const fileOf = (dir: string, at: number): string => join(dir, at === 0 ? 'events.jsonl' : `events.${at}.jsonl`);

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r').catch(absent);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** The oldest goes first, so that a crash in between leaves a hole in the numbers and loses nothing that should stay. */
async function rotate(dir: string, files: number): Promise<void> {
  await rm(fileOf(dir, files - 1), {force: true});
  for (let at = files - 2; at >= 0; at -= 1) await rename(fileOf(dir, at), fileOf(dir, at + 1)).catch(absent);
}

function absent(error: unknown): undefined {
  if ((error as {code?: string}).code !== 'ENOENT') throw error;
  return undefined;
}
