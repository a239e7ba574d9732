import type {WebSocket} from 'ws';
import type {DisplayToClient} from '../api/index.ts';
import {BoxyardError, asBoxyardError, fromWire, toWire} from '../errors/index.ts';
import type {PortHandlers, PortStream} from '../services.ts';
import {STREAM_WINDOW} from '../streams/index.ts';

const PING_MS = 15_000;
/** A client that answers no ping that long is gone. */
const SILENCE_MS = 40_000;

/** Calls back for what the client says, and once when it is gone, which silence is too. */
export function listen(socket: WebSocket, onMessage: (data: Buffer, isBinary: boolean) => void, onGone: () => void): void {
  let heardAt = performance.now();
  const heard = () => (heardAt = performance.now());
  const ping = setInterval(() => (performance.now() - heardAt > SILENCE_MS ? socket.terminate() : socket.ping()), PING_MS);
  socket.on('pong', heard);
  socket.once('close', () => {
    clearInterval(ping);
    onGone();
  });
  socket.on('message', (data, isBinary) => {
    heard();
    onMessage(data as Buffer, isBinary);
  });
}

/** What a client says of its stream, beside its bytes. */
export type StreamWord = {readonly type: 'credit'; readonly bytes: number} | {readonly type: 'end'};

/** One stream between a client and a box, over the client's socket: bytes both ways with credit, until both directions are over. */
export class CarriedSocket implements PortHandlers {
  readonly #socket: WebSocket;
  #stream: PortStream | undefined;
  /** What each side may still send. */
  #fromClient = 0;
  #fromBox = STREAM_WINDOW;
  #hasClientEnded = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** `open` is given the handlers that the stream tells what comes of it. */
  begin(open: (handlers: PortHandlers) => PortStream): void {
    try {
      this.#stream = open(this);
    } catch (error) {
      this.fail(error);
    }
  }

  opened(): void {
    this.#fromClient = STREAM_WINDOW;
    this.tell({type: 'opened'});
  }

  data(bytes: Uint8Array): void {
    this.#fromBox -= bytes.length;
    // A client that gives credit and does not read, or an agent that sends without: neither is kept in memory.
    if (this.#fromBox < 0 || this.#socket.bufferedAmount > 2 * STREAM_WINDOW)
      return this.fail(new BoxyardError('TOO_MANY_REQUESTS', {what: 'bytes at once'}));
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(bytes);
  }

  credit(bytes: number): void {
    this.#fromClient = Math.min(this.#fromClient + bytes, STREAM_WINDOW);
    this.tell({type: 'credit', bytes});
  }

  end(error: Parameters<PortHandlers['end']>[0]): void {
    if (error !== undefined) {
      this.#stream = undefined;
      return this.fail(fromWire(error as Parameters<typeof fromWire>[0]));
    }
    this.tell({type: 'end'});
  }

  over(): void {
    this.#stream = undefined;
    this.#socket.close(1000);
  }

  /** Bytes of the client. */
  take(bytes: Buffer): void {
    this.#fromClient -= bytes.length;
    if (this.#hasClientEnded || this.#fromClient < 0) throw malformed();
    this.#stream?.data(bytes);
  }

  hear(message: StreamWord): void {
    if (message.type === 'end') {
      if (this.#hasClientEnded) throw malformed();
      this.#hasClientEnded = true;
      return this.#stream?.end();
    }
    if (this.#fromBox + message.bytes > STREAM_WINDOW) throw malformed();
    this.#fromBox += message.bytes;
    this.#stream?.credit(message.bytes);
  }

  /** The client is gone. */
  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  fail(thrown: unknown): void {
    const error = asBoxyardError(thrown);
    this.close();
    this.tell({type: 'error', error: toWire(error)});
    this.#socket.close(error.code === 'INTERNAL' ? 1011 : 4400, error.code);
  }

  tell(message: DisplayToClient): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

export const malformed = () => new BoxyardError('INVALID_INPUT', {field: 'frame', issue: 'not one this socket takes now'});

/** What the client said, by the schema of its socket. */
export function wordOf<T>(schema: {parse(value: unknown): T}, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw malformed();
  }
}
