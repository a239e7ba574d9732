import path from 'node:path';
import {Readable} from 'node:stream';
import type {Box, Exit, Files} from '@boxyard/core/plugin-api';
import {checkedTar} from '../checked-tar.ts';
import {type Api} from './api.ts';
import {archiveGet, archivePut} from './archive.ts';
import {UNREAD, exec} from './exec.ts';
import {inspect, stateOf} from './main-end.ts';

/** Says `+` when it is ready to take or give the archive; 44: no such path, 127: the box has no tar. */
/** podman drops what a program says at once before it ends with input unread, so that one takes its time. */
const PUT =
  'command -v tar >/dev/null || exit 127; mkdir -p "$1" && cd "$1" || exit 1; printf +; tar -xof - || { code=$?; sleep 1; exit $code; }';
const GET =
  '[ -e "$1/$2" ] || [ -L "$1/$2" ] || exit 44; command -v tar >/dev/null || exit 127; cd "$1" || exit 1; printf +; exec tar -cf - "$2"';
const NOT_FOUND = 44;
const KILLED = 137;

/**
 * A running box unpacks and packs for itself, as its own user, so that nothing a program laid out leads the engine astray; the
 * engine's archive calls serve boxes that do not run, and those that have no tar.
 */
export const files = (open: () => Promise<Api>): Files => ({
  put: async (box, folder, tar, signal) => {
    const api = await open();
    const target = cleanPath(api, folder);
    const isDone = (await isRunning(api, box, signal)) && (await putInside(api, box, {target, tar}, signal));
    if (!isDone) await archivePut(api, box.name, {target, tar}, signal);
  },
  get: async (box, folder, signal) => {
    const api = await open();
    const target = cleanPath(api, folder);
    if (target === '/') throw api.host.fault('invalid', 'the whole box is not given as an archive');
    const inside = (await isRunning(api, box, signal)) ? await getInside(api, box, target, signal) : undefined;
    return inside ?? archiveGet(api, box.name, target, signal);
  },
});

export const cleanPath = ({host}: Pick<Api, 'host'>, folder: string): string => {
  if (!path.posix.isAbsolute(folder) || folder.includes('\0'))
    throw host.fault('invalid', `${JSON.stringify(folder)} is not an absolute path`);
  const normal = path.posix.normalize(folder);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
};

const isRunning = async (api: Api, box: Box, signal: AbortSignal): Promise<boolean> => {
  const state = stateOf(await inspect(api, box.name, signal));
  if (state.is === 'gone') throw api.host.fault('not-found', `no box ${box.name}`);
  return state.is === 'running';
};

/** False where the box cannot; nothing of the archive has been read then. */
const putInside = async (api: Api, box: Box, {target, tar}: {target: string; tar: Readable}, signal: AbortSignal): Promise<boolean> => {
  const running = await startInside(api, box, ['sh', '-c', PUT, 'sh', target], signal);
  if (running.end !== undefined) return cannot(api, running.end, running.said(), target);
  const {stdin} = running.process;
  const said = collect(running.rest).finally(() => stdin.destroy());
  const checked = checkedTar(tar, {prefix: ''}, api.host);
  const abort = (): void => void checked.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  try {
    for await (const part of checked) {
      // Whoever was unpacking is gone: the rest would go nowhere.
      if (stdin.destroyed) break;
      if (!stdin.write(part)) await drained(stdin);
    }
  } catch (error) {
    await answered(running.process.kill('SIGKILL'), KILL_MS).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  stdin.end();
  const end = await answered(Promise.all([said, running.process.wait()]), END_MS);
  if (end === undefined) throw api.host.fault('unavailable', `unpack into ${target}: the engine does not say how it ended`);
  const [text, exit] = end;
  if (!('code' in exit) || exit.code !== 0) throw api.host.fault('failed', `unpack into ${target}: ${reason(running.said() + text, exit)}`);
  return true;
};

/** An engine that was killed answers nothing: all of the archive is given, and little of it can still be on its way. */
const END_MS = 15_000;
const KILL_MS = 5_000;

/** What it came to; undefined after so long. */
async function answered<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([work, new Promise<undefined>(resolve => (timer = setTimeout(() => resolve(undefined), ms)))]);
  } finally {
    clearTimeout(timer);
  }
}

const drained = (stdin: NodeJS.WritableStream): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      stdin.off('drain', done).off('close', done);
      resolve();
    };
    stdin.once('drain', done).once('close', done);
  });

const getInside = async (api: Api, box: Box, target: string, signal: AbortSignal): Promise<Readable | undefined> => {
  const {dir, base} = path.posix.parse(target);
  const running = await startInside(api, box, ['sh', '-c', GET, 'sh', dir, base], signal);
  if (running.end !== undefined) return cannot(api, running.end, running.said(), target) || undefined;
  running.process.stdin.end();
  const give = async function* () {
    let isWhole = false;
    try {
      yield running.first;
      yield* running.rest;
      isWhole = true;
    } finally {
      if (!isWhole) await running.process.kill('SIGKILL').catch(() => undefined);
    }
    const exit = await running.process.wait();
    // 1: a file changed while it was read, which in a running box is nothing unusual.
    if (!('code' in exit) || exit.code > 1) throw api.host.fault('failed', `pack ${target}: ${reason(running.said(), exit)}`);
  };
  return Readable.from(give(), {objectMode: false});
};

/** What tar said; one that was killed says nothing. */
const reason = (said: string, exit: Exit): string =>
  said.replace(UNREAD, '').trim() ||
  ('code' in exit && exit.code !== KILLED ? `tar ended with ${exit.code}` : 'it was killed, as it is with its box');

const cannot = (api: Api, end: number, said: string, target: string): false => {
  if (end === NOT_FOUND) throw api.host.fault('not-found', `no ${target} in the box`);
  if (end === 126 || end === 127) return false;
  throw api.host.fault('failed', `${target}: ${said.trim() || `ended with ${end}`}`);
};

/** Starts it and reads up to its `+`; or, if it ended before that, how. */
const startInside = async (api: Api, box: Box, argv: readonly string[], signal: AbortSignal) => {
  const process = await exec(api, box, {argv}, signal);
  const chunks = process.output[Symbol.asyncIterator]();
  let errors = '';
  const rest = (async function* () {
    try {
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
        if (next.value.stream === 'stdout') yield next.value.bytes;
        else errors = (errors + Buffer.from(next.value.bytes).toString()).slice(-2_000);
      }
    } finally {
      await chunks.return?.();
    }
  })();
  const first = await rest.next();
  const isReady = first.done !== true && first.value[0] === 43;
  const exit = isReady ? undefined : await ended(process, rest);
  return {process, rest, first: isReady ? first.value.subarray(1) : new Uint8Array(), end: exit, said: () => errors};
};

const ended = async (process: Awaited<ReturnType<typeof exec>>, rest: AsyncGenerator<Uint8Array>): Promise<number> => {
  await collect(rest);
  const exit = await process.wait();
  return 'code' in exit ? exit.code : 1;
};

const collect = async (source: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = '';
  for await (const part of source) text = (text + Buffer.from(part).toString()).slice(-2_000);
  return text;
};
