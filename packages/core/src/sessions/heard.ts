import type {WebSocket} from 'ws';
import {terminalFromClient, type TerminalFromClient} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {createRateLimit} from '../rim/rate-limit.ts';

/** What one client may say; a redraw and a change of size cost the worker more than a keystroke. */
const WORDS = {burst: 8_000, perSecond: 4_000};
const REDRAW_COST = 10;

/** Reads what a client says, in order. Who says too much is not refused but heard more slowly; its socket rests meanwhile. */
export class Heard {
  readonly #socket: WebSocket;
  readonly #on: (message: TerminalFromClient) => void;
  readonly #onError: (error: unknown) => void;
  readonly #words = createRateLimit(WORDS);
  /** Said and not yet heard, only while the socket rests: what it had read already. */
  readonly #waiting: TerminalFromClient[] = [];
  #rest: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `onError` gets what `on` throws, and what is no message at all. */
  constructor(socket: WebSocket, on: (message: TerminalFromClient) => void, onError: (error: unknown) => void) {
    this.#socket = socket;
    this.#on = on;
    this.#onError = onError;
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
  }

  /** Hears nothing any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    clearTimeout(this.#rest);
    if (this.#socket.isPaused) this.#socket.resume();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isClosed) return;
    try {
      if (isBinary) throw malformed();
      this.#waiting.push(parsed(data.toString('utf8')));
      this.#hear();
    } catch (error) {
      this.#onError(error);
    }
  }

  #hear(): void {
    while (this.#waiting.length > 0 && this.#rest === undefined) {
      const message = this.#waiting[0]!;
      const wait = this.#words.take('', message.type === 'input' || message.type === 'credit' ? 1 : REDRAW_COST);
      if (wait > 0) return this.#restFor(wait);
      this.#waiting.shift();
      this.#on(message);
    }
  }

  #restFor(ms: number): void {
    this.#socket.pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#socket.resume();
      try {
        this.#hear();
      } catch (error) {
        this.#onError(error);
      }
    }, ms);
  }
}

const malformed = () => new BoxyardError('INVALID_INPUT', {field: 'frame', issue: 'not one this socket takes'});

function parsed(text: string): TerminalFromClient {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  const result = terminalFromClient.safeParse(value);
  if (!result.success) throw malformed();
  return result.data;
}
