import {spawn, type ChildProcess} from 'node:child_process';
import {lstat} from 'node:fs/promises';
import path from 'node:path';
import {PassThrough, type Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {text} from 'node:stream/consumers';
import {checkedTar} from '../checked-tar.ts';
import {programsOf} from './box-dir.ts';
import {insideFolder, isOwn} from './box-path.ts';
import type {Where} from './exec.ts';
import {cleanEnvironment} from './identity.ts';
import {markerOf} from './main-state.ts';

/**
 * Files of a workspace, moved by the system's tar as the user they belong to. Root follows no link that a program laid
 * out, and what the archive holds was checked before.
 */
export const putFiles = async (where: Where, folder: string, tar: Readable, signal: AbortSignal): Promise<void> => {
  const target = ownFolder(where, folder);
  const child = asUser(where, ['sh', '-c', 'umask 022; mkdir -p "$1" && cd "$1" && exec tar -xof -', 'sh', target]);
  const ended = endOf(child);
  const checked = checkedTar(tar, {prefix: ''}, where.host);
  const result = await pipeline(checked, child.stdin as NodeJS.WritableStream, {signal}).then(
    () => undefined,
    // Where tar had ended before, whatever else broke by that is not why.
    (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' || child.exitCode !== null || child.signalCode !== null ? undefined : error),
  );
  if (result !== undefined) child.kill('SIGKILL');
  const {code, said} = await ended;
  signal.throwIfAborted();
  if (result !== undefined) throw result;
  if (code !== 0)
    throw where.host.fault(/No space left/i.test(said) ? 'no-space' : 'failed', `unpack into ${folder}: ${reason(said, code)}`);
};

export const getFiles = async (where: Where, folder: string): Promise<Readable> => {
  const target = ownFolder(where, folder);
  await lstat(target).catch(() => {
    throw where.host.fault('not-found', `no ${folder} in ${where.box.name}`);
  });
  // The folder above may be one that the user can pass and not read.
  const child = asUser(where, ['sh', '-c', 'cd "$1" && exec tar -cf - -- "$2"', 'sh', path.dirname(target), path.basename(target)]);
  child.stdin?.end();
  const out = new PassThrough();
  const ended = endOf(child);
  const stdout = child.stdout as Readable;
  stdout.pipe(out, {end: false});
  out.once('close', () => child.kill('SIGKILL'));
  stdout.once('end', () => {
    // 1: a file changed while it was read.
    void ended.then(({code, said}) =>
      code !== null && code <= 1 ? out.end() : out.destroy(where.host.fault('failed', `pack ${folder}: ${reason(said, code)}`)),
    );
  });
  return out;
};

/** What tar said; one that was killed says nothing. */
const reason = (said: string, code: number | null): string =>
  said.trim() || (code === null ? 'it was killed, as it is with its box' : `tar ended with ${code}`);

const ownFolder = ({box, host}: Where, folder: string): string => {
  if (!path.isAbsolute(folder) || folder.includes('\0')) throw host.fault('invalid', `${JSON.stringify(folder)} is not an absolute path`);
  const target = insideFolder(box, folder);
  if (target === '/usr/local/bin') return programsOf(box.workspace);
  if (!isOwn(box, target)) throw host.fault('unsupported', `files outside of /workspace and /usr/local/bin (${folder})`);
  return target;
};

const asUser = ({identity, box}: Where, [program = '', ...args]: readonly string[]): ChildProcess => {
  const marker = markerOf(box);
  const child = spawn(program, args, {
    cwd: '/',
    // It ends with its box, as everything in a container does.
    env: cleanEnvironment(identity, box.workspace, {[marker.name]: marker.value}),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...identity.drop,
  });
  child.stdin?.on('error', () => undefined);
  return child;
};

const endOf = async (child: ChildProcess): Promise<{code: number | null; said: string}> => {
  const closed = Promise.withResolvers<number | null>();
  child.once('error', closed.reject);
  child.once('close', closed.resolve);
  const [said, code] = await Promise.all([text(child.stderr as Readable).catch(() => ''), closed.promise]);
  return {code, said};
};
