import {request as plainRequest, type IncomingMessage, type RequestOptions} from 'node:http';
import {request as tlsRequest} from 'node:https';
import {isIP} from 'node:net';
import {targetOf} from './target.ts';

export interface Post {
  readonly url: URL;
  /** The address that was checked: the connection goes there, whatever the name says by then. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly ca?: string | undefined;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

const mostBody = 64 * 1024;
const mostHead = 16 * 1024;
/** The status decides; what comes behind it is read only so that a polite receiver is not cut off. */
const bodyMs = 1_000;

/** Posts once, follows nothing. Resolves with the status as soon as it is known and the body was read, cut off or took too long. */
export function post({url, address, headers, body, ca, signal}: Post): Promise<Answer> {
  const {host, port} = targetOf(url);
  const {promise, resolve, reject} = Promise.withResolvers<Answer>();
  const options: RequestOptions & {servername?: string; ca?: string} = {
    method: 'POST',
    host: address,
    port,
    path: `${url.pathname}${url.search}`,
    headers: {...headers, host: url.host, 'content-length': String(body.length)},
    agent: false,
    maxHeaderSize: mostHead,
    signal,
    ...(url.protocol === 'https:' && isIP(host) === 0 ? {servername: host.replace(/\.$/, '')} : {}),
    ...(ca === undefined ? {} : {ca}),
  };
  const sent = url.protocol === 'https:' ? tlsRequest(options) : plainRequest(options);
  sent.once('response', response => void drained(response).then(() => resolve(answerOf(response))));
  sent.once('error', reject);
  sent.end(body);
  return promise.finally(() => sent.destroy());
}

const answerOf = ({statusCode = 0, headers}: IncomingMessage): Answer => ({status: statusCode, retryAfter: headers['retry-after']});

/** Never rejects: the status is known. */
function drained(response: IncomingMessage): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  let length = 0;
  const timer = setTimeout(resolve, bodyMs);
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > mostBody) resolve();
  });
  response.once('error', () => resolve());
  response.once('close', () => resolve());
  return promise.finally(() => {
    clearTimeout(timer);
    response.destroy();
  });
}
