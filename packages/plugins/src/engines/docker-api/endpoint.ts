import http from 'node:http';
import net from 'node:net';
import type {Endpoint} from './api.ts';

/** Reads what DOCKER_HOST and CONTAINER_HOST say: `unix:///path`, `tcp://host:port`, or a bare path. */
export const parseEndpoint = (text: string): Endpoint => {
  if (text.startsWith('/')) return {socketPath: text};
  const url = new URL(text);
  if (url.protocol === 'unix:') return {socketPath: decodeURIComponent(url.pathname)};
  return {host: url.hostname, port: Number(url.port === '' ? 2375 : url.port)};
};

export const nameOf = (endpoint: Endpoint): string =>
  'socketPath' in endpoint ? endpoint.socketPath : `${endpoint.host}:${endpoint.port}`;

/** The errno with which a connection fails, or nothing if somebody answers. */
export const tryEndpoint = (endpoint: Endpoint): Promise<string | undefined> => {
  const {promise, resolve} = Promise.withResolvers<string | undefined>();
  const socket = 'socketPath' in endpoint ? net.connect(endpoint.socketPath) : net.connect(endpoint.port, endpoint.host);
  socket.setTimeout(2_000, () => resolve('ETIMEDOUT'));
  socket.once('connect', () => resolve(undefined));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'EIO'));
  return promise.finally(() => socket.destroy());
};

/** What the engine calls itself, with its version; the cheapest question there is. */
export const ping = (endpoint: Endpoint, signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = http.get({...endpoint, path: '/_ping', agent: false, signal}, response => {
      response.resume();
      resolve(String(response.headers.server ?? ''));
    });
    request.once('error', reject);
  });
