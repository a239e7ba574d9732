import type {IncomingMessage} from 'node:http';
import type {WebSocket} from 'ws';
import {fromWire, isBoxyardError} from '../errors/index.ts';
import type {Link} from './link.ts';
import {readText} from './request.ts';

/** One open connection to a stream of the server. */
export interface Socket {
  /** Resolves when the connection is over; rejects with what `fail` was given. */
  readonly closed: Promise<void>;
  /** A string is a control message; what is sent when the connection is over is dropped. */
  send(data: string | Buffer): void;
  pause(isPaused: boolean): void;
  fail(error: unknown): void;
  close(): void;
}

export interface SocketHandlers {
  text(text: string, socket: Socket): void;
  bytes(frame: Buffer, socket: Socket): void;
}

/** The server pings every 15 s. */
const SILENCE_MS = 45_000;

/** Rejects with the server's refusal, or with why it could not be reached. `ws` is loaded here, when a socket is first needed. */
export async function openSocket(link: Link, path: string, handlers: SocketHandlers): Promise<Socket> {
  const {WebSocket: Ws} = await import('ws');
  await link.ready();
  const url = new URL(path, link.url);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const ws = new Ws(url, {
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
      if (isBinary) handlers.bytes(data, socket);
      else handlers.text(data.toString('utf8'), socket);
    } catch (error) {
      socket.fail(error);
    }
  });
  await opened.promise;
  return socket;
}

function wrapped(ws: WebSocket, closed: PromiseWithResolvers<void>): Socket {
  return {
    closed: closed.promise,
    send: data => ws.readyState === ws.OPEN && ws.send(data),
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

async function refusal(link: Link, response: IncomingMessage): Promise<unknown> {
  try {
    return fromWire((JSON.parse(await readText(response, 64 * 1024)) as {error: {code: string; message: string}}).error);
  } catch {
    return link.unreachable(new Error(`HTTP ${response.statusCode}`));
  }
}
