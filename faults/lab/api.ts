import {request as httpRequest, type IncomingMessage} from 'node:http';
import {request as httpsRequest} from 'node:https';
import type {EventView, JobView, WorkerView, DevBoxView} from '@boxyard/core/api';
import type {z} from 'zod';

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: T;
  readonly bytes: Buffer;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as they are, instead of `body`. */
  readonly raw?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly within?: number;
}

export type Event = z.infer<typeof EventView>;

/**
 * The public API, spoken by hand: the tests' own voice, so that a fault in the product's client cannot hide one in the server.
 * The certificate is not checked here; that agents and clients check it is tested where it matters.
 */
export class Api {
  readonly url: URL;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = new URL(url);
    this.token = token;
  }

  call<T = unknown>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const payload = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const send = this.url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const asked = send(new URL(path, this.url), {
        method,
        rejectUnauthorized: false,
        agent: false,
        timeout: options.within ?? 30_000,
        headers: {
          ...(this.token === undefined ? {} : {authorization: `Bearer ${this.token}`}),
          ...(payload === undefined ? {} : {'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload))}),
          ...options.headers,
        },
      } as Parameters<typeof httpRequest>[1] & object);
      asked.once('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer within ${options.within ?? 30_000} ms`)));
      // A server may refuse before it has read everything; then its answer counts, not that the rest could not be sent.
      asked.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? setTimeout(reject, 1_000, error) : reject(error)));
      asked.once('response', back => void collect<T>(back).then(resolve, reject));
      asked.end(payload);
    });
  }

  /** The same, and any answer but a 2xx rejects with it. */
  async must<T = unknown>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const answer = await this.call<T>(method, path, options);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.bytes.toString().slice(0, 1_000)}`);
    return answer.body;
  }

  job = (id: string): Promise<JobView> => this.must('GET', `/v1/jobs/${id}`);
  workers = async (): Promise<readonly WorkerView[]> => (await this.must<{items: WorkerView[]}>('GET', '/v1/workers')).items;
  devboxes = async (): Promise<readonly DevBoxView[]> => (await this.must<{items: DevBoxView[]}>('GET', '/v1/devboxes')).items;

  async jobs(query = ''): Promise<readonly JobView[]> {
    const items: JobView[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.must<{items: JobView[]; nextCursor?: string}>(
        'GET',
        `/v1/jobs?limit=1000${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return items;
  }

  /** The stored bytes of a stream; they arrive whole or the call rejects. */
  async logs(job: string, stream: 'stdout' | 'stderr' | 'log' = 'stdout'): Promise<Buffer> {
    const answer = await this.call('GET', `/v1/jobs/${job}/logs?stream=${stream}`);
    if (answer.status !== 200) throw new Error(`logs of ${job}: ${answer.status} ${answer.bytes.toString().slice(0, 500)}`);
    return answer.bytes;
  }

  /** Calls back for each event until the function it resolves to is called, or the server goes away (`onEnd`). */
  follow(handlers: FollowHandlers, after?: string): Promise<() => void> {
    const send = this.url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const asked = send(new URL('/v1/events', this.url), {
        rejectUnauthorized: false,
        agent: false,
        headers: {
          authorization: `Bearer ${this.token ?? ''}`,
          accept: 'text/event-stream',
          ...(after === undefined ? {} : {'last-event-id': after}),
        },
      } as Parameters<typeof httpRequest>[1] & object);
      asked.once('error', reject);
      asked.once('response', back => {
        if (back.statusCode !== 200) return reject(new Error(`events: ${back.statusCode}`));
        back.on('error', () => undefined);
        back.once('close', () => handlers.onEnd());
        readEvents(back, handlers);
        resolve(() => asked.destroy());
      });
      asked.end();
    });
  }
}

async function collect<T>(back: IncomingMessage): Promise<Answer<T>> {
  const parts: Buffer[] = [];
  for await (const part of back as AsyncIterable<Buffer>) parts.push(part);
  const bytes = Buffer.concat(parts);
  const isJson = (back.headers['content-type'] ?? '').includes('json');
  return {
    status: back.statusCode ?? 0,
    headers: back.headers,
    body: (isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined) as T,
    bytes,
  };
}

export interface FollowHandlers {
  /** `id` is what a later `follow` goes on after. */
  onEvent(event: Event, id: string): void;
  /** The place asked for is not known any more: events are missing. */
  onReset(): void;
  onEnd(): void;
}

function readEvents(back: IncomingMessage, handlers: FollowHandlers): void {
  let rest = '';
  back.setEncoding('utf8');
  back.on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const name = /^event: ?(.*)$/m.exec(block)?.[1];
      const data = [...block.matchAll(/^data: ?(.*)$/gm)].map(match => match[1]).join('\n');
      const id = /^id: ?(.*)$/m.exec(block)?.[1] ?? '';
      if (name === 'reset') handlers.onReset();
      else if (data !== '' && name !== 'gauge') handlers.onEvent(JSON.parse(data) as Event, id);
    }
  });
}
