import type {WebSocket} from 'ws';
import {attachStream, type AttachQuery, type JobView} from '../api/index.ts';
import type {OutputName} from '../protocol/index.ts';
import type {LogService, Session} from '../services.ts';
import {HEADER, fail, tell} from './attach-frames.ts';
import {createStdin} from './attach-stdin.ts';
import type {JobRouteServices} from './routes.ts';

/** Bytes waiting in the socket above which reading from the store pauses. */
const HIGH_WATER = 1024 * 1024;
/** A client that takes nothing for this long is closed with 4408; it may come back and go on by offset. */
const SLOW_MS = 30_000;
const CHUNK = 64 * 1024;
const PING_MS = 15_000;

export interface AttachScope {
  readonly session: Session;
  readonly job: string;
  readonly query: AttachQuery;
}

/**
 * One viewer of one job, from the handshake to `end`. Each stream asked for is read in its own order at the client's pace;
 * stdin frames are stored one after the other. Nothing outlives the socket.
 */
export function serveAttach(socket: WebSocket, scope: AttachScope, services: JobRouteServices): void {
  const abort = new AbortController();
  const stdin = createStdin(socket, scope, services.logs);
  const ping = setInterval(() => socket.ping(), PING_MS);
  socket.once('close', () => {
    clearInterval(ping);
    abort.abort();
    stdin.gone();
  });
  socket.on('message', (data, isBinary) => stdin.take(data, isBinary));
  socket.on('ping', () => stdin.pinged());
  void run(socket, scope, services, abort.signal).catch((error: unknown) => {
    if (!abort.signal.aborted) fail(socket, error);
  });
  if (scope.query.stdin === 'true') stdin.open();
}

async function run(socket: WebSocket, scope: AttachScope, services: JobRouteServices, signal: AbortSignal): Promise<void> {
  const {session, job, query} = scope;
  const watched = await watchJob(socket, scope, services, signal);
  let from: AttachQuery = query;
  let attempt = query.attempt ?? watched.view().attempt.number;
  while (!signal.aborted) {
    const isLast = await pumpAttempt(socket, {...scope, from, attempt}, services, {watched, signal});
    if (isLast) break;
    attempt = watched.view().attempt.number;
    from = {...query, ...Object.fromEntries(asked(query).map(name => [name, 0]))};
    tell(socket, {type: 'attempt', number: attempt});
  }
  await watched.ended;
  if (signal.aborted) return;
  tell(socket, {type: 'end', job: await services.jobs.show(session.tenant, job)});
  socket.close(1000);
}

const asked = (query: AttachQuery) => (['stdout', 'stderr', 'log'] as const).filter(name => query[name] !== undefined);

interface Watched {
  view(): JobView;
  /** Calls once the job is at a later attempt than this one; the function returned ends it. */
  onLater(attempt: number, call: () => void): () => void;
  readonly ended: Promise<void>;
}

async function watchJob(socket: WebSocket, {session, job}: AttachScope, {jobs}: JobRouteServices, signal: AbortSignal): Promise<Watched> {
  const ended = Promise.withResolvers<void>();
  const listeners = new Set<() => void>();
  let view: JobView | undefined;
  const unwatch = await jobs.watch(session.tenant, job, next => {
    view = next;
    tell(socket, {type: 'job', job: next});
    if (next.state === 'ended') ended.resolve();
    for (const listener of [...listeners]) listener();
  });
  const leave = () => (unwatch(), ended.resolve());
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, {once: true});
  view ??= await jobs.show(session.tenant, job);
  return {
    view: () => view!,
    onLater(attempt, call) {
      const look = () => void (view!.attempt.number > attempt && call());
      listeners.add(look);
      look();
      return () => void listeners.delete(look);
    },
    ended: ended.promise,
  };
}

/** Sends what one attempt wrote, to its end; false where a later attempt goes on. */
async function pumpAttempt(
  socket: WebSocket,
  {session, job, from, attempt}: AttachScope & {from: AttachQuery; attempt: number},
  {logs}: JobRouteServices,
  {watched, signal}: {watched: Watched; signal: AbortSignal},
): Promise<boolean> {
  const later = new AbortController();
  const unlisten = watched.onLater(attempt, () => later.abort());
  const following = AbortSignal.any([signal, later.signal]);
  await Promise.all(
    asked(from).map(async name => {
      const read = (start: number, follow: boolean, until: AbortSignal) =>
        pump(socket, name, logs.read(session.tenant, job, name, {from: start, follow, attempt, signal: until}), start);
      const reached = await read(from[name]!, true, following);
      if (later.signal.aborted) await read(reached, false, signal);
    }),
  );
  unlisten();
  return !later.signal.aborted;
}

/** Resolves to the offset behind the last part sent. */
async function pump(socket: WebSocket, name: OutputName, parts: ReturnType<LogService['read']>, start: number): Promise<number> {
  let reached = start;
  for await (const part of parts) {
    if (socket.readyState !== socket.OPEN) return reached;
    if ('gap' in part) {
      tell(socket, {type: 'gap', gap: part.gap});
      if (part.gap.reason !== 'engine-log') reached = Math.max(reached, part.gap.to);
    } else {
      await sendBytes(socket, attachStream[name], part.offset, part.bytes);
      reached = Math.max(reached, part.offset + part.bytes.length);
    }
  }
  return reached;
}

async function sendBytes(socket: WebSocket, stream: number, offset: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const payload = bytes.subarray(at, at + CHUNK);
    const frame = Buffer.allocUnsafe(HEADER + payload.length);
    frame.writeUInt8(stream, 0);
    frame.writeBigUInt64BE(BigInt(offset + at), 1);
    frame.set(payload, HEADER);
    if (socket.bufferedAmount > HIGH_WATER) await flushed(socket, frame);
    else socket.send(frame);
  }
}

/** Resolves when everything up to this frame has left for the network. */
async function flushed(socket: WebSocket, frame: Buffer): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  const slow = setTimeout(() => {
    socket.close(4408, 'too slow');
    socket.terminate();
  }, SLOW_MS);
  socket.send(frame, () => resolve());
  await promise;
  clearTimeout(slow);
}
