import {mkdirSync} from 'node:fs';
import {join, posix} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {extract, pack, type Pack} from 'tar-stream';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import {pathTrouble, tooLargeFile, tooLargeFolder, tooManyFiles} from '@boxyard/core/folders/rules';
import {FolderIndex, MAX_INDEX_BYTES, type FolderFile, type Step} from '@boxyard/core/protocol';
import {spoolDir} from '../session-host/spool.ts';
import {boxOf, engineCall, type StepContext} from './context.ts';
import {PieceReader} from './folder-reader.ts';
import {FolderSpool} from './folder-spool.ts';

type Store = Extract<Step, {do: 'folders.store'}>;

const WORKSPACE = '/workspace';

/** Folders as the attempt first saw them; done again it puts the same there. */
export async function foldersFetch(context: StepContext, step: Extract<Step, {do: 'folders.fetch'}>): Promise<void> {
  const {parts, of} = context;
  const files = filesOf(context);
  await context.phase('folders', async () => {
    const box = await boxOf(context, step.box);
    const put = async (signal: AbortSignal) => {
      const sent = parts.streams.read(of, 'folders', signal);
      const tar = pack();
      const packing = repack(new PieceReader(sent), tar);
      packing.catch((error: Error) => tar.destroy(error));
      try {
        await files.put(box, WORKSPACE, Readable.from(tar, {objectMode: false}), signal);
        await packing;
      } finally {
        sent.destroy();
        tar.destroy();
      }
    };
    await engineCall(context, 'put', put, parts.timing.setup);
  });
}

/** Everybody may write there: whose program it is, is known to its image alone. */
async function repack(sent: PieceReader, tar: Pack): Promise<void> {
  const length = (await sent.take(4)).readUInt32BE(0);
  if (length > MAX_INDEX_BYTES) throw new BoxyardError('INTERNAL');
  const index = FolderIndex.parse(JSON.parse((await sent.take(length)).toString('utf8')));
  for (const name of foldersOf(index)) await entry(tar, {name, type: 'directory', mode: 0o777});
  for (const {path, bytes, exec} of index.files) {
    const mode = exec ? 0o777 : 0o666;
    if (bytes === 0) await entry(tar, {name: path, size: 0, mode});
    else await pipeline(Readable.from(sent.pass(bytes)), tar.entry({name: path, size: bytes, mode}));
  }
  tar.finalize();
}

function entry(tar: Pack, header: Parameters<Pack['entry']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, '', error => (error ? reject(error) : resolve()));
  });
}

/** All that stand above something, parents first. */
function foldersOf({dirs, files}: FolderIndex): string[] {
  const found = new Set<string>();
  const add = (path: string) => {
    if (path === '.' || found.has(path)) return;
    add(posix.dirname(path));
    found.add(path);
  };
  for (const dir of dirs) add(dir);
  for (const {path} of files) add(posix.dirname(path));
  return [...found];
}

/** What is there now and was not, by what it hashes to; sent whole, and once more after any death until the server has it. */
export async function foldersStore(context: StepContext, step: Store): Promise<void> {
  const {parts, of} = context;
  await context.phase('folders', async () => {
    const base = await baseOf(context);
    const dir = spoolDir(parts.stateDir, of.job, of.attempt);
    mkdirSync(dir, {recursive: true, mode: 0o700});
    const file = join(dir, 'folders.pack');
    const spool = await FolderSpool.open(file, new Set([...base.values()].map(each => each.hash)));
    let bytes = 0;
    try {
      const box = await boxOf(context, step.box);
      for (const at of step.at) await storeOne(context, {box, step, at, base, spool});
      if (spool.count === 0) return;
      bytes = await spool.finish();
    } finally {
      await spool.close();
    }
    const notes = await parts.streams.put(of, {what: 'folders', path: file, bytes}, context.signal);
    for (const note of notes) await context.log(`${note}\n`);
  });
}

async function baseOf({parts, of, signal}: StepContext): Promise<Map<string, FolderFile>> {
  const chunks: Buffer[] = [];
  for await (const chunk of parts.streams.read(of, 'folders-base', signal)) chunks.push(chunk as Buffer);
  const {files} = FolderIndex.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  return new Map(files.map(file => [file.path, file]));
}

interface Storing {
  readonly box: Awaited<ReturnType<typeof boxOf>>;
  readonly step: Store;
  /** The folder, relative to the workspace. */
  readonly at: string;
  readonly base: ReadonlyMap<string, FolderFile>;
  readonly spool: FolderSpool;
}

async function storeOne(context: StepContext, storing: Storing): Promise<void> {
  const {box, step, at, base, spool} = storing;
  const files = filesOf(context);
  const archive = await engineCall(context, 'get', signal => files.get(box, posix.join(WORKSPACE, at), signal)).catch((error: unknown) => {
    if (isBoxyardError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  const seen = archive === undefined ? new Map<string, FolderFile>() : await readArchive(context, storing, archive);
  for (const file of seen.values()) {
    const before = base.get(file.path);
    if (before?.hash !== file.hash) spool.file(file);
  }
  // A folder that cannot be looked at any more says nothing of what was deleted in it.
  if (!step.mirror || archive === undefined) return;
  for (const path of base.keys()) if (path.startsWith(`${at}/`) && !seen.has(path)) spool.gone(path);
}

async function readArchive(
  context: StepContext,
  {step: {limits}, at, spool}: Storing,
  archive: Readable,
): Promise<Map<string, FolderFile>> {
  const entries = extract();
  archive.on('error', error => entries.destroy(error));
  archive.pipe(entries);
  const seen = new Map<string, FolderFile>();
  const skipped: string[] = [];
  let total = 0;
  for await (const one of entries) {
    const {name, type, mode, linkname, size} = one.header;
    const path = posix.join(posix.dirname(at), name).replace(/\/+$/, '');
    const isInside = path.startsWith(`${at}/`);
    const first =
      type === 'link' && linkname !== null && linkname !== undefined ? seen.get(posix.join(posix.dirname(at), linkname)) : undefined;
    if (
      type === 'directory' ||
      !isInside ||
      pathTrouble(path) !== undefined ||
      (type !== 'file' && type !== 'contiguous-file' && first === undefined)
    ) {
      one.resume();
      if (type !== 'directory') skipped.push(path);
      continue;
    }
    if (size > limits.fileBytes) throw tooLargeFile(path, limits.fileBytes);
    if (seen.size >= limits.files) throw tooManyFiles(at, limits.files);
    const count = (length: number) => {
      if ((total += length) > limits.folderBytes) throw tooLargeFolder(at, limits.folderBytes);
    };
    const content = first ?? (await spool.bytes(one as AsyncIterable<Uint8Array>, count));
    if (first !== undefined) one.resume();
    seen.set(path, {path, hash: content.hash, bytes: content.bytes, exec: (mode & 0o100) !== 0});
  }
  if (skipped.length > 0) await context.log(`${at}: ${skippedText(skipped)}\n`);
  return seen;
}

const skippedText = (paths: readonly string[]): string => {
  const shown = paths.slice(0, 5).map(path => JSON.stringify(path.slice(0, 100)));
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : '';
  return `links and what is no plain file with a plain name stay behind: ${shown.join(', ')}${more}`;
};

function filesOf(context: StepContext) {
  const {files} = context.parts.engines.get(context.start.engine).features;
  if (!files) throw new BoxyardError('UNSUPPORTED', {what: 'files', by: context.start.engine});
  return files;
}
