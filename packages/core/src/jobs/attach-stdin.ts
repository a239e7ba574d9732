import type {RawData, WebSocket} from 'ws';
import type {z} from 'zod';
import {allows} from '../access/rules.ts';
import {attachFromClient, attachStream} from '../api/index.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import type {LogService, Session} from '../services.ts';
import {createRateLimit, type RateLimit} from '../rim/rate-limit.ts';
import {HEADER, fail, tell} from './attach-frames.ts';

/** Bytes of stdin a client may send ahead of `stdin.have`. */
const CREDIT = 1024 * 1024;

/** Frames that are being stored: over this the socket is not read. */
const MOST_STORING = 256;
/** Words and pings, of which nobody needs many; more end the socket. */
const control = {burst: 200, perSecond: 20};

/** What one attached client sends: stored in the order it came, acknowledged once stored; every message is authorised. */
export interface AttachedStdin {
  /** The client said it will feed stdin: tells it where to go on. */
  open(): void;
  take(data: RawData, isBinary: boolean): void;
  pinged(): void;
  /** The socket is closed. */
  gone(): void;
}

interface Feeding {
  readonly socket: WebSocket;
  readonly session: Session;
  readonly job: string;
  readonly logs: LogService;
  isFeeding: boolean;
  hasEnded: boolean;
  waiting: number;
  storing: number;
  readonly rate: RateLimit;
  tail: Promise<void>;
}

export function createStdin(socket: WebSocket, {session, job}: {session: Session; job: string}, logs: LogService): AttachedStdin {
  const none = {isFeeding: false, hasEnded: false, waiting: 0, storing: 0, tail: Promise.resolve()};
  const state: Feeding = {socket, session, job, logs, ...none, rate: createRateLimit(control)};
  return {
    pinged: () => void (state.rate.take('') > 0 && socket.terminate()),
    open: () => begin(state),
    take(data, isBinary) {
      try {
        feed(state);
        if (isBinary) takeBytes(state, bufferOf(data));
        else takeEnd(state, bufferOf(data).toString('utf8'));
      } catch (error) {
        fail(socket, error);
      }
    },
    gone: () => void state.tail.then(() => state.isFeeding && !state.hasEnded && logs.stdinClientGone(session.tenant, job)),
  };
}

function feed(state: Feeding): void {
  const {access, tenant} = state.session;
  if (!allows(access, 'run')) throw new BoxyardError('FORBIDDEN', {access});
  if (!state.isFeeding) state.logs.stdinClientHere(tenant, state.job);
  state.isFeeding = true;
}

function begin(state: Feeding): void {
  feed(state);
  inOrder(state, async () => {
    const {length, ended} = await state.logs.stdinLength(state.session.tenant, state.job);
    state.hasEnded = ended;
    have(state, length);
  });
}

/** What comes for a command that has ended is dropped (`CONFLICT`): it chose not to read it, and its output still follows. */
function takeBytes(state: Feeding, frame: Buffer): void {
  if (state.hasEnded) return;
  if (frame.length < HEADER || frame.readUInt8(0) !== attachStream.stdin) throw malformed();
  state.waiting += frame.length;
  if (state.waiting > 2 * CREDIT) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'bytes of stdin ahead of stdin.have'});
  inOrder(state, async () => {
    const offset = Number(frame.readBigUInt64BE(1));
    const length = await state.logs.writeStdin(state.session.tenant, state.job, offset, frame.subarray(HEADER));
    state.waiting -= frame.length;
    have(state, length);
  });
}

function takeEnd(state: Feeding, text: string): void {
  if (state.rate.take('') > 0) throw tooMany('messages');
  const message = parsed(text);
  if (state.hasEnded) return have(state, message.length);
  inOrder(state, async () => {
    await state.logs.endStdin(state.session.tenant, state.job, message.length);
    state.hasEnded = true;
    have(state, (await state.logs.stdinLength(state.session.tenant, state.job)).length);
  });
}

function inOrder(state: Feeding, work: () => Promise<void>): void {
  if (++state.storing >= MOST_STORING) state.socket.pause();
  state.tail = state.tail
    .then(work)
    .catch((error: unknown) => {
      if (isBoxyardError(error) && error.code === 'CONFLICT') state.hasEnded = true;
      else fail(state.socket, error);
    })
    .finally(() => {
      if (--state.storing < MOST_STORING / 2 && state.socket.isPaused) state.socket.resume();
    });
}

const have = ({socket}: Feeding, length: number) => tell(socket, {type: 'stdin.have', length, credit: CREDIT});
const bufferOf = (data: RawData): Buffer => (Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data));
const tooMany = (what: string) => new BoxyardError('TOO_MANY_REQUESTS', {what: `${what} on one socket`});
const malformed = () => new BoxyardError('INVALID_INPUT', {field: 'frame', issue: 'not one this socket takes'});

function parsed(text: string): z.infer<typeof attachFromClient> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  const result = attachFromClient.safeParse(value);
  if (!result.success) throw malformed();
  return result.data;
}
