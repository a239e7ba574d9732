import {createWriteStream, mkdirSync, statSync} from 'node:fs';
import {join, posix} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {extract, pack, type Pack} from 'tar-stream';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Step} from '@boxyard/core/protocol';
import {spoolDir} from '../session-host/spool.ts';
import {boxOf, engineCall, type StepContext} from './context.ts';

const WORKSPACE = '/workspace';
const MOST_BYTES = 4 * 1024 ** 3;

/** One tar of all paths, their names relative to the workspace, kept on disk until the server has it. A path that is not there is said and skipped. */
export async function containerCollect(context: StepContext, step: Extract<Step, {do: 'container.collect'}>): Promise<void> {
  await context.phase('collect', async () => {
    const dir = spoolDir(context.parts.stateDir, context.of.job, context.of.attempt);
    mkdirSync(dir, {recursive: true, mode: 0o700});
    const file = join(dir, 'out.tar');
    await writeArchive(context, step, file);
    const bytes = statSync(file).size;
    await context.parts.streams.put(context.of, {what: 'out', path: file, bytes}, context.signal);
    context.ends({out: {blob: 'out', bytes}});
  });
}

async function writeArchive(context: StepContext, step: Extract<Step, {do: 'container.collect'}>, file: string): Promise<void> {
  const box = await boxOf(context, step.box);
  const {files} = context.parts.engines.get(context.start.engine).features;
  if (!files) throw new BoxyardError('UNSUPPORTED', {what: 'files', by: context.start.engine});
  const out = pack();
  const written = pipeline(out, createWriteStream(file, {mode: 0o600}));
  written.catch(() => undefined);
  let room = MOST_BYTES;
  try {
    for (const path of step.paths) {
      const clean = cleanPath(path);
      const archive = await engineCall(context, 'get', signal => files.get(box, posix.join(WORKSPACE, clean), signal)).catch(
        (error: unknown) => missing(error),
      );
      if (archive) room = await copy(archive, out, {prefix: posix.dirname(clean), room});
      else await context.log(`${clean}: not there, nothing brought back\n`);
    }
    out.finalize();
    await written;
  } finally {
    out.destroy();
  }
}

function missing(error: unknown): undefined {
  if (isBoxyardError(error) && error.code === 'NOT_FOUND') return undefined;
  throw error;
}

function cleanPath(path: string): string {
  const clean = posix.normalize(path).replace(/\/+$/, '');
  if (path.startsWith('/') || clean === '..' || clean.startsWith('../') || clean.includes('\0')) {
    throw new BoxyardError('INVALID_INPUT', {field: 'out', issue: 'expected a path inside the workspace'});
  }
  return clean;
}

/** Entries come named relative to the parent of the path asked for. */
async function copy(archive: NodeJS.ReadableStream, out: Pack, {prefix, room}: {prefix: string; room: number}): Promise<number> {
  const entries = extract();
  archive.on('error', error => entries.destroy(error));
  archive.pipe(entries);
  let left = room;
  for await (const entry of entries) {
    const {header} = entry;
    left -= (header.size ?? 0) + 512;
    if (left < 0) throw new BoxyardError('BODY_TOO_LARGE', {limit: MOST_BYTES});
    const target = out.entry({...header, name: posix.join(prefix, header.name)});
    await pipeline(entry, target);
  }
  return left;
}
