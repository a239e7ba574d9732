import type {z} from 'zod';
import type {AttachQuery, JobView, attachFromServer} from '../api/index.ts';
import {routes} from '../api/routes.ts';
import {BoxyardError, fromWire} from '../errors/index.ts';
import type {Gap, OutputName} from '../protocol/index.ts';
import {openAttachSocket, type AttachSocket} from './attach-socket.ts';
import {backoff} from './backoff.ts';
import {createChannel, type Channel} from './channel.ts';
import {isFinalAnswer} from './final.ts';
import type {Link} from './link.ts';
import {queryOf} from './query.ts';
import {createStdinFeed, type StdinFeed} from './stdin-feed.ts';

export interface AttachOptions {
  readonly job: string;
  /** Streams wanted and the offset to go on from. Default: stdout, stderr and log from the start. */
  readonly from?: Partial<Record<OutputName, number>> | undefined;
  /** Fed to the command; its end is the command's end of input. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long a server that is away is looked for before `SERVER_UNREACHABLE`. Default 10 min. */
  readonly giveUpAfterMs?: number | undefined;
}

/** Bytes come once, in order per stream, whatever happens to the connection in between. */
export type AttachItem =
  | {readonly type: 'bytes'; readonly stream: OutputName; readonly offset: number; readonly bytes: Uint8Array}
  | {readonly type: 'gap'; readonly gap: Gap}
  | {readonly type: 'job'; readonly job: JobView}
  /** The job was tried again: bytes that follow are of this attempt, from offset 0. */
  | {readonly type: 'attempt'; readonly number: number}
  | {readonly type: 'online'}
  | {readonly type: 'offline'; readonly error: unknown}
  | {readonly type: 'end'; readonly job: JobView};

/** Single consumer; ends after `end`. Leaving the loop early, or aborting, closes the socket and leaves the job alone. */
export type Attachment = AsyncIterable<AttachItem>;

type Message = z.infer<typeof attachFromServer>;

const MOST_QUEUED = 1024 * 1024;
const GIVE_UP_MS = 10 * 60_000;

interface Attaching {
  readonly link: Link;
  readonly options: AttachOptions;
  next: Partial<Record<OutputName, number>>;
  /** The one `next` counts in. */
  attempt: number | undefined;
  readonly channel: Channel<AttachItem>;
  readonly stdin: StdinFeed | undefined;
  readonly stop: AbortController;
  socket?: AttachSocket | undefined;
  isPaused: boolean;
  hasEnded: boolean;
}

export function createAttach(link: Link, options: AttachOptions): Attachment {
  const stop = new AbortController();
  const state: Attaching = {
    link,
    options,
    next: {...(options.from ?? {stdout: 0, stderr: 0, log: 0})},
    attempt: undefined,
    channel: createChannel<AttachItem>({most: MOST_QUEUED, pressed: isFull => press(state, isFull), left: () => stop.abort()}),
    stdin: options.stdin === undefined ? undefined : createStdinFeed(options.stdin, error => end(state, error)),
    stop,
    isPaused: false,
    hasEnded: false,
  };
  const onAbort = () => end(state, options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, {once: true});
  stop.signal.addEventListener('abort', () => {
    options.signal?.removeEventListener('abort', onAbort);
    state.stdin?.stop();
    state.socket?.close();
  });
  if (options.signal?.aborted === true) end(state, options.signal.reason);
  else void connectUntilEnd(state).catch((error: unknown) => end(state, error));
  return state.channel.items;
}

function press(state: Attaching, isFull: boolean): void {
  state.isPaused = isFull;
  state.socket?.pause(isFull);
}

function end(state: Attaching, error?: unknown): void {
  state.hasEnded = true;
  state.channel.end(error);
  state.stop.abort();
}

async function connectUntilEnd(state: Attaching): Promise<void> {
  const wait = backoff(state.stop.signal);
  let awaySince = performance.now();
  while (!state.hasEnded && !state.stop.signal.aborted) {
    try {
      await connectOnce(state, () => {
        wait.reset();
        awaySince = Number.POSITIVE_INFINITY;
        state.channel.push({type: 'online'});
      });
      return;
    } catch (error) {
      if (isFinalAnswer(error)) throw error;
      awaySince = Math.min(awaySince, performance.now());
      if (performance.now() - awaySince > (state.options.giveUpAfterMs ?? GIVE_UP_MS)) throw error;
      state.channel.push({type: 'offline', error});
    }
    if (!state.hasEnded) await wait.next();
  }
}

/** Resolves at the end of the job; rejects with why the socket was refused or lost, or with what the server said. */
async function connectOnce(state: Attaching, onOpen: () => void): Promise<void> {
  const query: Partial<Record<keyof AttachQuery, unknown>> = {
    ...state.next,
    attempt: state.attempt,
    ...(state.stdin === undefined ? {} : {stdin: 'true'}),
  };
  const path = routes.jobsAttach.path.replace(':job', encodeURIComponent(state.options.job)) + queryOf(query);
  const socket = await openAttachSocket(state.link, path, {
    message: (message, from) => onMessage(state, message, from),
    bytes: (stream, offset, bytes) => onBytes(state, stream, offset, bytes),
  });
  state.socket = socket;
  if (state.stop.signal.aborted) return socket.close();
  onOpen();
  socket.pause(state.isPaused);
  try {
    await socket.closed;
  } finally {
    state.stdin?.disconnected();
    state.socket = undefined;
  }
  if (!state.hasEnded) throw state.link.unreachable(new Error('the connection was lost'));
}

function onBytes(state: Attaching, stream: OutputName, offset: number, bytes: Uint8Array): void {
  const next = state.next[stream] ?? 0;
  if (offset + bytes.length <= next) return;
  if (offset > next) throw new BoxyardError('INTERNAL', {what: `bytes ${next} to ${offset} of ${stream} were not sent`});
  const fresh = bytes.subarray(next - offset);
  state.next[stream] = offset + bytes.length;
  state.channel.push({type: 'bytes', stream, offset: next, bytes: fresh}, fresh.length);
}

function onMessage(state: Attaching, message: Message, socket: AttachSocket): void {
  if (message.type === 'job') onJob(state, message.job);
  else if (message.type === 'attempt') onAttempt(state, message.number);
  else if (message.type === 'gap') onGap(state, message.gap);
  else if (message.type === 'stdin.have') state.stdin?.have(message.length, message.credit, socket);
  else if (message.type === 'error') socket.fail(fromWire(message.error));
  else if (message.type === 'end') {
    state.channel.push({type: 'end', job: message.job});
    end(state);
  }
}

function onJob(state: Attaching, job: JobView): void {
  state.attempt ??= job.attempt.number;
  state.channel.push({type: 'job', job});
}

function onAttempt(state: Attaching, number: number): void {
  state.attempt = number;
  state.next = Object.fromEntries(Object.keys(state.next).map(name => [name, 0]));
  state.channel.push({type: 'attempt', number});
}

/** What was read back from the engine's log is there; of any other gap the stream goes on behind it. */
function onGap(state: Attaching, gap: Gap): void {
  if (gap.reason !== 'engine-log') state.next[gap.stream] = Math.max(state.next[gap.stream] ?? 0, gap.to);
  state.channel.push({type: 'gap', gap});
}
