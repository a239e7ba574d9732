import type {WebSocket} from 'ws';
import {attachStream, type AttachQuery} from '../api/index.ts';
import type {OutputName} from '../protocol/index.ts';
import type {Session} from '../services.ts';
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
  void run(socket, scope, services, abort.signal).catch((error: unknown) => {
    if (!abort.signal.aborted) fail(socket, error);
  });
  if (scope.query.stdin === 'true') stdin.open();
}

async function run(socket: WebSocket, scope: AttachScope, {jobs, logs}: JobRouteServices, signal: AbortSignal): Promise<void> {
  const {session, job, query} = scope;
  const ended = Promise.withResolvers<void>();
  const unwatch = await jobs.watch(session.tenant, job, view => {
    tell(socket, {type: 'job', job: view});
    if (view.state === 'ended') ended.resolve();
  });
  const leave = () => (unwatch(), ended.resolve());
  if (signal.aborted) return leave();
  signal.addEventListener('abort', leave, {once: true});
  const asked = (['stdout', 'stderr', 'log'] as const).filter(name => query[name] !== undefined);
  await Promise.all(
    asked.map(name => pump(socket, name, logs.read(session.tenant, job, name, {from: query[name]!, follow: true, signal}))),
  );
  await ended.promise;
  if (signal.aborted) return;
  tell(socket, {type: 'end', job: await jobs.show(session.tenant, job)});
  socket.close(1000);
}

async function pump(socket: WebSocket, name: OutputName, parts: ReturnType<JobRouteServices['logs']['read']>): Promise<void> {
  for await (const part of parts) {
    if (socket.readyState !== socket.OPEN) return;
    if ('gap' in part) tell(socket, {type: 'gap', gap: part.gap});
    else await sendBytes(socket, attachStream[name], part.offset, part.bytes);
  }
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
