import {Agent, request as httpRequest} from 'node:http';
import {WebSocket} from 'ws';
import type {EventView, JobView} from '@boxyard/core/api';
import type {Lab} from '../lab.ts';

/** Speaks /v1 with as little of its own as possible, so that what is measured is the server. */
export interface Client {
  readonly url: string;
  readonly token: string;
  /** Rejects on any status of 400 and above, with the body. */
  ask<T>(method: 'GET' | 'POST' | 'DELETE' | 'PUT', path: string, body?: unknown): Promise<T>;
  /** Every event from now on, until the lab ends. Resolves when the server has begun to answer. */
  events(onEvent: (event: EventView) => void): Promise<void>;
  /** Follows the output of a job to its end; bytes are counted and thrown away. */
  attach(job: string): Promise<{readonly job: JobView; readonly bytes: number}>;
}

export function openClient(lab: Lab, url: string, token: string): Client {
  const agent = lab.own(new Agent({keepAlive: true, maxSockets: 64}), a => a.destroy());
  const headers = {authorization: `Bearer ${token}`};
  return {
    url,
    token,
    ask: (method, path, body) => ask(agent, new URL(path, url), {method, headers}, body),
    events: onEvent => follow(lab, new URL('/v1/events', url), headers, onEvent),
    attach: job => attach(new URL(`/v1/jobs/${job}/attach?stdout=0&stderr=0`, url), headers),
  };
}

function ask<T>(agent: Agent, url: URL, {method, headers}: {method: string; headers: Record<string, string>}, body: unknown): Promise<T> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sent = text === undefined ? headers : {...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text)};
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {agent, method, headers: sent}, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const answer = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 500) < 400) resolve((answer ? JSON.parse(answer) : undefined) as T);
        else reject(new Error(`${method} ${url.pathname}: ${response.statusCode} ${answer.slice(0, 300)}`));
      });
    });
    request.once('error', reject);
    request.end(text);
  });
}

function follow(lab: Lab, url: URL, headers: Record<string, string>, onEvent: (event: EventView) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {headers: {...headers, accept: 'text/event-stream'}}, response => {
      if (response.statusCode !== 200) return reject(new Error(`GET /v1/events: ${response.statusCode}`));
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const data = /^data: ?(.*)$/m.exec(block)?.[1];
          const isFact = data?.startsWith('{') && data.includes('"specversion"');
          if (isFact) onEvent(JSON.parse(data!) as EventView);
        }
      });
      response.on('error', () => {});
      resolve();
    });
    request.once('error', reject);
    request.end();
    lab.own(request, r => r.destroy());
  });
}

function attach(url: URL, headers: Record<string, string>): Promise<{job: JobView; bytes: number}> {
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, {headers, perMessageDeflate: false});
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let ended: JobView | undefined;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return void (bytes += data.length - 9);
      const frame = JSON.parse(data.toString()) as {type: string; job: JobView; error?: {message: string}};
      if (frame.type === 'end') ended = frame.job;
      if (frame.type === 'error') reject(new Error(frame.error?.message));
      // Not at the close handshake: what a client waits for has arrived.
      if (ended) resolve({job: ended, bytes});
    });
    socket.once('error', reject);
    socket.once('close', () => (ended ? undefined : reject(new Error('attach closed before the end of the job'))));
  });
}
