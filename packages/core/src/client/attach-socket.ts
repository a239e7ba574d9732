import type {IncomingMessage} from 'node:http';
import type {WebSocket} from 'ws';
import type {z} from 'zod';
import type {attachFromServer} from '../api/index.ts';
import {fromWire, isBoxyardError} from '../errors/index.ts';
import type {OutputName} from '../protocol/index.ts';
import type {Link} from './link.ts';
import {readText} from './request.ts';

type Message = z.infer<typeof attachFromServer>;

/** One open connection of an attach. */
export interface AttachSocket {
  /** Resolves when the connection is over; rejects with what `fail` was given. */
  readonly closed: Promise<void>;
  sendStdin(offset: number, bytes: Uint8Array): void;
  sendEof(length: number): void;
  pause(isPaused: boolean): void;
  fail(error: unknown): void;
  close(): void;
}

export interface AttachHandlers {
  message(message: Message, socket: AttachSocket): void;
  bytes(stream: OutputName, offset: number, bytes: Uint8Array): void;
}

const HEADER = 9;
const names: readonly (OutputName | undefined)[] = [undefined, 'stdout', 'stderr', 'log'];
/** The server pings every 15 s. */
const SILENCE_MS = 45_000;

/** Rejects with the server's refusal, or with why it could not be reached. `ws` is loaded here, when a socket is first needed. */
export async function openAttachSocket(link: Link, path: string, handlers: AttachHandlers): Promise<AttachSocket> {
  const {WebSocket: Socket} = await import('ws');
  await link.ready();
  const url = new URL(path, link.url);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const ws = new Socket(url, {
    agent: link.agent,
    headers: {authorization: `Bearer ${link.token}`},
    perMessageDeflate: false,
    maxPayload: 8 * 1024 * 1024,
    handshakeTimeout: link.timeoutMs,
  });
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const silence = setTimeout(() => ws.terminate(), SILENCE_MS);
  closed.promise.catch(() => undefined);
  ws.once('open', () => opened.resolve());
  ws.once('unexpected-response', (_request, response: IncomingMessage) => {
    void refusal(link, response).then(error => {
      opened.reject(error);
      ws.terminate();
    });
  });
  ws.on('error', error => opened.reject(isBoxyardError(error) ? error : link.unreachable(error)));
  ws.once('close', () => {
    clearTimeout(silence);
    opened.reject(link.unreachable(new Error('closed')));
    closed.resolve();
  });
  ws.on('ping', () => silence.refresh());
  const socket = wrapped(ws, closed);
  ws.on('message', (data: Buffer, isBinary) => {
    silence.refresh();
    try {
      receive(data, isBinary, handlers, socket);
    } catch (error) {
      socket.fail(error);
    }
  });
  await opened.promise;
  return socket;
}

function wrapped(ws: WebSocket, closed: PromiseWithResolvers<void>): AttachSocket {
  return {
    closed: closed.promise,
    sendStdin: (offset, bytes) => ws.readyState === ws.OPEN && ws.send(frameOf(offset, bytes)),
    sendEof: length => ws.readyState === ws.OPEN && ws.send(JSON.stringify({type: 'stdin.eof', length})),
    pause: isPaused => (isPaused ? ws.pause() : ws.resume()),
    fail(error) {
      closed.reject(error);
      ws.close();
    },
    close() {
      ws.resume();
      ws.close();
    },
  };
}

function receive(data: Buffer, isBinary: boolean, handlers: AttachHandlers, socket: AttachSocket): void {
  if (!isBinary) return handlers.message(JSON.parse(data.toString('utf8')) as Message, socket);
  const name = data.length < HEADER ? undefined : names[data.readUInt8(0)];
  if (name !== undefined) handlers.bytes(name, Number(data.readBigUInt64BE(1)), data.subarray(HEADER));
}

function frameOf(offset: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + bytes.length);
  frame.writeUInt8(0, 0);
  frame.writeBigUInt64BE(BigInt(offset), 1);
  frame.set(bytes, HEADER);
  return frame;
}

async function refusal(link: Link, response: IncomingMessage): Promise<unknown> {
  try {
    return fromWire((JSON.parse(await readText(response, 64 * 1024)) as {error: {code: string; message: string}}).error);
  } catch {
    return link.unreachable(new Error(`HTTP ${response.statusCode}`));
  }
}
