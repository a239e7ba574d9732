import http from 'node:http';
import type {Duplex} from 'node:stream';
import type {Endpoint} from './api.ts';

interface Upgrade {
  readonly path: string;
  readonly body?: unknown;
}

/**
 * Opens a hijacked stream by an upgrade request of our own. dockerode sends its options as a body, which podman feeds to the
 * program's stdin; without a body both engines are exact. The signal ends the opening only; afterwards the stream is the caller's.
 */
export const openHijacked = (endpoint: Endpoint, {path, body}: Upgrade, signal: AbortSignal): Promise<Duplex> => {
  const text = body === undefined ? '' : JSON.stringify(body);
  const {promise, resolve, reject} = Promise.withResolvers<Duplex>();
  const request = http.request({
    ...endpoint,
    path,
    method: 'POST',
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'tcp',
      'Content-Length': Buffer.byteLength(text),
      ...(body === undefined ? {} : {'Content-Type': 'application/json'}),
    },
  });
  const abort = (): void => void request.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  request.on('error', reject);
  request.on('response', response => void refuse(response).then(reject, reject));
  request.on('upgrade', (_response, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve(readableToTheEnd(socket));
  });
  request.end(text);
  return promise.finally(() => signal.removeEventListener('abort', abort));
};

/**
 * A program that has ended closes its side; a write that comes too late then fails, and Node would close ours with what
 * the program said still unread.
 */
const readableToTheEnd = (socket: Duplex): Duplex => {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = error => ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE' ? socket : destroy(error));
  socket.on('error', () => undefined);
  return socket;
};

const refuse = async (response: http.IncomingMessage): Promise<Error> => {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return Object.assign(new Error(text), {statusCode: response.statusCode, json: parse(text)});
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return {message: text};
  }
};
