import type {z} from 'zod';
import type {EventView, Gauge} from '../api/index.ts';
import {routes} from '../api/routes.ts';
import {backoff} from './backoff.ts';
import {isFinal} from './final.ts';
import type {Link} from './link.ts';
import {send} from './request.ts';

/** `reset`: what came before is no longer known in full; load the lists again. `offline` is followed by `online` when it is back. */
export type EventItem =
  | {readonly type: 'event'; readonly event: EventView}
  | {readonly type: 'gauge'; readonly gauge: z.infer<typeof Gauge>}
  | {readonly type: 'reset'}
  | {readonly type: 'online'}
  | {readonly type: 'offline'; readonly error: unknown};

export interface FollowOptions {
  /** `seq` of the last event seen; absent: from now on. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server says something at least every 15 s. */
const SILENCE_MS = 45_000;

export async function* followEvents(link: Link, {after, signal}: FollowOptions = {}): AsyncGenerator<EventItem> {
  const wait = backoff(signal);
  const isOver = () => signal?.aborted === true;
  const position: Position = {after};
  while (!isOver()) {
    try {
      for await (const item of oneConnection(link, position, signal)) {
        wait.reset();
        yield item;
      }
      yield {type: 'offline', error: link.unreachable(new Error('the stream ended'))};
    } catch (error) {
      if (isOver()) return;
      if (isFinal(error)) throw error;
      yield {type: 'offline', error};
    }
    await wait.next();
  }
}

/** `seq` of the last event received, or where the stream stood when it was opened. */
interface Position {
  after: string | undefined;
}

async function* oneConnection(link: Link, position: Position, signal: AbortSignal | undefined): AsyncGenerator<EventItem> {
  const headers = {accept: 'text/event-stream', ...(position.after === undefined ? {} : {'last-event-id': position.after})};
  const response = await send(link, {method: 'GET', path: routes.events.path, headers, signal, isRepeatable: true});
  const watch = setTimeout(() => response.destroy(new Error('silent')), SILENCE_MS);
  try {
    yield {type: 'online'};
    let rest = '';
    response.setEncoding('utf8');
    for await (const chunk of response as AsyncIterable<string>) {
      watch.refresh();
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      yield* blocks.flatMap(block => parseBlock(block, position));
    }
  } finally {
    clearTimeout(watch);
    response.destroy();
  }
}

function parseBlock(block: string, position: Position): readonly EventItem[] {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ''));
  }
  const data = fields.get('data');
  const type = fields.get('event');
  position.after = fields.get('id') ?? position.after;
  if (type === 'reset') return [{type: 'reset'}];
  if (data === undefined) return [];
  if (type === 'gauge') return [{type: 'gauge', gauge: JSON.parse(data) as z.infer<typeof Gauge>}];
  return [{type: 'event', event: JSON.parse(data) as EventView}];
}
