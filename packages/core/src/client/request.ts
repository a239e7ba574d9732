import {request as plainRequest, type IncomingMessage, type RequestOptions} from 'node:http';
import {request as tlsRequest} from 'node:https';
import {BoxyardError, fromWire, type WireError} from '../errors/index.ts';
import type {Link} from './link.ts';

export interface Call {
  readonly method: string;
  /** Path and query, from the root. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the head of the answer may take; its body has no limit. Absent: the client's own. */
  readonly timeoutMs?: number | undefined;
  /** Sending it twice does what sending it once does. */
  readonly isRepeatable: boolean;
}

/** The answer's head, once its status is 2xx; rejects with the server's own error otherwise. The caller reads or destroys the body. */
export async function send(link: Link, call: Call): Promise<IncomingMessage> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await once(link, call);
    } catch (error) {
      const isWorthIt = error instanceof StaleConnection || link.mayHaveMoved();
      if (!isWorthIt || !call.isRepeatable || tries === mostTries || call.signal?.aborted === true) throw asFault(error, link);
    }
  }
}

/** A connection that had gone stale, and then a server that is found another way. */
const mostTries = 3;

/** The server closed an idle connection in the moment it was used again. */
class StaleConnection extends Error {}

const asFault = (error: unknown, link: Link) => (error instanceof StaleConnection ? link.unreachable(error.cause) : error);

async function once(link: Link, call: Call): Promise<IncomingMessage> {
  await link.ready();
  const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>();
  const isText = typeof call.body === 'string';
  const options: RequestOptions = {
    method: call.method,
    agent: link.agent,
    signal: call.signal,
    headers: {
      authorization: `Bearer ${link.token}`,
      // Why an answer broke off comes behind it.
      te: 'trailers',
      ...(isText ? {'content-type': 'application/json', 'content-length': Buffer.byteLength(call.body as string)} : {}),
      ...call.headers,
    },
  };
  const url = new URL(call.path, link.url);
  const request = link.url.protocol === 'https:' ? tlsRequest(url, options) : plainRequest(url, options);
  const timeoutMs = call.timeoutMs ?? link.timeoutMs;
  const late = setTimeout(() => request.destroy(new BoxyardError('REQUEST_TIMEOUT', {seconds: timeoutMs / 1000})), timeoutMs);
  request.once('response', resolve);
  request.once('error', error => reject(request.reusedSocket && isReset(error) ? stale(error) : link.fault(error, call.signal)));
  const body = call.body;
  if (body === undefined || typeof body === 'string') request.end(body);
  else void feed(request, body).catch(error => request.destroy(error as Error));
  try {
    const response = await promise;
    clearTimeout(late);
    if ((response.statusCode ?? 500) >= 400) {
      const error = await refusal(response, link);
      // Nobody wants the rest of what was refused.
      if (!request.writableFinished) request.destroy();
      throw error;
    }
    return response;
  } finally {
    clearTimeout(late);
  }
}

async function feed(request: ReturnType<typeof plainRequest>, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (request.destroyed) return;
    if (!request.write(chunk)) await new Promise<void>(resolve => onceEither(request, resolve));
  }
  request.end();
}

function onceEither(request: ReturnType<typeof plainRequest>, resolve: () => void): void {
  const done = () => {
    request.off('drain', done);
    request.off('close', done);
    resolve();
  };
  request.once('drain', done);
  request.once('close', done);
}

const isReset = (error: NodeJS.ErrnoException) => error.code === 'ECONNRESET' || error.code === 'EPIPE';
const stale = (cause: Error) => new StaleConnection('stale', {cause});

/** Reads the one error shape; anything else came from something between us and a server. */
async function refusal(response: IncomingMessage, link: Link): Promise<BoxyardError> {
  const text = await readText(response, 64 * 1024).catch(() => '');
  const wire = wireOf(text);
  return wire === undefined ? link.unreachable(new Error(`HTTP ${response.statusCode}`)) : fromWire(wire);
}

function wireOf(text: string): WireError | undefined {
  try {
    const value = JSON.parse(text) as {error?: WireError};
    return typeof value.error?.code === 'string' && typeof value.error.message === 'string' ? value.error : undefined;
  } catch {
    return undefined;
  }
}

export async function readText(response: IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
