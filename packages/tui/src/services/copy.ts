import {mkdir, realpath, stat} from 'node:fs/promises';
import {basename, dirname, join, posix, relative, resolve} from 'node:path';
import type {Client} from '@boxyard/core/client';
import {BoxyardError, asBoxyardError, isBoxyardError} from '@boxyard/core/errors';
import {isContents, isFolder, placeFor, plainPath, type End} from './copy-paths.ts';
import {packTree} from './pack-tree.ts';
import {unpackTar, type Target} from './unpack-tar.ts';

export interface CopyHandlers {
  /** Of the archive, on their way. */
  bytes(count: number): void;
  /** One more is on its way, or written. */
  entry(path: string): void;
  skipped(path: string): void;
}
export interface Copied {
  readonly files: number;
  readonly bytes: number;
  /** As a person would write it. */
  readonly to: string;
}
type InDevBox = Extract<End, {at: 'devbox'}>;
interface Way {
  readonly client: Client;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly handlers: CopyHandlers;
}

/** A file or directory of this machine, or a tar, into a DevBox. Where it breaks off, the error says what may be there. */
export async function copyIn(
  way: Way,
  from: {readonly path: string} | {readonly tar: AsyncIterable<Uint8Array>},
  to: InDevBox,
): Promise<Copied> {
  const {client, handlers, signal} = way;
  const {devbox} = to;
  const count = counter(handlers);
  const {into, tar} =
    'tar' in from
      ? {into: plainPath(to.path), tar: from.tar}
      : await packedFor(way, {path: resolve(way.cwd, from.path), given: from.path}, to, count);
  try {
    const {bytes} = await client.devboxesFilesPut({devbox, query: {path: into}, signal}, count.through(tar));
    return {files: count.files, bytes, to: `${devbox}:${into}`};
  } catch (error) {
    const last = count.last === undefined ? '' : ` The last one on its way was ${count.last}.`;
    throw broken(error, signal, count.bytes, {
      to: `${devbox}:${into}`,
      left: `What was sent before may lie in ${devbox}:${into}, the last file of it cut off.${last}`,
    });
  }
}

async function packedFor({client, handlers, signal}: Way, {path, given}: {path: string; given: string}, to: InDevBox, count: Counter) {
  const about = await stat(path).catch((cause: unknown) => {
    throw new BoxyardError('NOT_FOUND', {what: 'file', name: given, list: 'ls'}, {cause});
  });
  if (!about.isDirectory() && !about.isFile())
    throw new BoxyardError('INVALID_INPUT', {field: given, issue: 'is neither a file nor a directory'});
  const kind = about.isDirectory() ? ('directory' as const) : ('file' as const);
  const {kind: there} = await client.devboxesFilesStat({devbox: to.devbox, query: {path: plainPath(to.path)}, signal});
  const source = {name: basename(path), kind, isContents: isContents(given)};
  const {into, name} = placeFor(source, {path: to.path, kind: there, shown: `${to.devbox}:${to.path}`});
  const tar = await packTree(path, name, {entry: each => count.entry(each), skipped: each => handlers.skipped(each)});
  return {into, tar};
}

/** A file or directory of a DevBox onto this machine. Each file appears whole or not at all. */
export async function copyOut(way: Way, from: InDevBox, to: string): Promise<Copied> {
  const {client, cwd, handlers, signal} = way;
  const count = counter(handlers);
  const target = resolve(cwd, to);
  let written = to;
  const tar = count.through(client.devboxesFilesGet({devbox: from.devbox, query: {path: plainPath(from.path)}, signal}));
  try {
    await unpackTar(
      tar,
      async first => {
        const found = await targetHere(first, {from: from.path, to, target});
        written = relative(cwd, found.root).startsWith('..') ? found.root : relative(cwd, found.root) || '.';
        return found;
      },
      path => count.entry(path),
    );
    return {files: count.files, bytes: count.bytes, to: written};
  } catch (error) {
    const left = count.files === 0 ? 'Nothing was written.' : `${count.files} files were written whole; no other is there.`;
    throw broken(error, signal, count.files, {to, left});
  }
}

/** The first entry names the top of the archive and says what it is. */
async function targetHere(
  first: {readonly name: string; readonly type?: string | null | undefined},
  {from, to, target}: {from: string; to: string; target: string},
): Promise<Target> {
  const [top = ''] = first.name.replace(/^(?:\.\/)+/, '').split('/');
  const kind = first.type === 'directory' ? 'directory' : 'file';
  const found = await stat(target).catch(() => undefined);
  const there = found === undefined ? 'absent' : found.isDirectory() ? 'directory' : 'file';
  const source = {name: posix.basename(plainPath(from)), kind, isContents: isContents(from)} as const;
  const {into, name} = placeFor(source, {path: isFolder(to) ? `${target}/` : target, kind: there, shown: to});
  await mkdir(name === '' ? dirname(into) : into, {recursive: true});
  return {root: name === '' ? await realpath(into).catch(() => into) : join(await realpath(into), name), top};
}

/** The archive itself, to a program that wants it. */
export async function* archiveOf({client, handlers, signal}: Way, from: InDevBox): AsyncGenerator<Uint8Array> {
  const count = counter(handlers);
  try {
    yield* count.through(client.devboxesFilesGet({devbox: from.devbox, query: {path: plainPath(from.path)}, signal}));
  } catch (error) {
    throw broken(error, signal, count.bytes, {to: '-', left: `The archive has its first ${count.bytes} bytes and no end.`});
  }
}

/** What was refused before anything was on its way is said as it is. */
function broken(thrown: unknown, signal: AbortSignal, done: number, about: {to: string; left: string}): Error {
  const error = signal.aborted ? new BoxyardError('INTERRUPTED') : asBoxyardError(thrown);
  const why = isBoxyardError(thrown) || signal.aborted ? error.message : messageOf(thrown);
  if (done === 0 && isBoxyardError(thrown)) return error;
  const hint = [error.code === 'INTERNAL' ? '' : error.hint, about.left].filter(text => text !== '').join(' ');
  const isTold = isBoxyardError(thrown) || signal.aborted;
  return new BoxyardError(
    isTold && error.code !== 'INTERNAL' ? error.code : 'COPY_BROKEN',
    {...about, why},
    {
      message: `The copy to ${about.to} broke off: ${why}`,
      hint,
      cause: thrown,
    },
  );
}

const messageOf = (thrown: unknown): string => {
  const {code, message} = thrown as NodeJS.ErrnoException;
  if (code === 'ECONNRESET' || code === 'EPIPE' || message === 'aborted') return 'the server or the worker went away.';
  return message.endsWith('.') ? message : `${message}.`;
};

interface Counter {
  files: number;
  bytes: number;
  last: string | undefined;
  entry(path: string): void;
  through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
}

function counter(handlers: CopyHandlers): Counter {
  const count: Counter = {
    files: 0,
    bytes: 0,
    last: undefined,
    entry(path) {
      count.files += 1;
      count.last = path;
      handlers.entry(path);
    },
    async *through(source) {
      for await (const bytes of source) {
        count.bytes += bytes.length;
        handlers.bytes(bytes.length);
        yield bytes;
      }
    },
  };
  return count;
}
