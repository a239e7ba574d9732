import type {Duplex} from 'node:stream';
import type {DisplayFromClient, DisplayToClient} from '../api/index.ts';
import {fromWire} from '../errors/index.ts';
import {Carried} from '../streams/index.ts';
import type {Link} from './link.ts';
import {openSocket, type Socket} from './socket.ts';

const MAX_FRAME = 64 * 1024;

export interface ToCarry {
  /** Of the server's socket. */
  readonly path: string;
  /** Cuts it off. */
  readonly signal?: AbortSignal | undefined;
  /** What the server says beside the stream; undefined where that is nothing of the stream's kind. */
  readonly said?: ((message: Exclude<DisplayToClient, {type: 'opened' | 'credit' | 'end' | 'error'}>) => void) | undefined;
  /** Given what says something to the server, once it hears. */
  readonly connected?: ((say: (message: Exclude<DisplayFromClient, {type: 'credit' | 'end'}>) => void) => void) | undefined;
}

/**
 * Carries bytes between `local` and a stream of the server's. `local` is read from when the other end was reached. Resolves
 * when both directions have ended and every byte arrived, or when `local` broke off; rejects with why there is no stream, or
 * none any more. `local` is closed in any case, and reset where the stream broke.
 */
export async function carry(link: Link, to: ToCarry, local: Duplex): Promise<void> {
  const connecting = new Connecting(link, local, to);
  const {signal} = to;
  const stop = () => connecting.end(signal?.reason);
  signal?.addEventListener('abort', stop, {once: true});
  try {
    signal?.throwIfAborted();
    const handlers = {
      text: (text: string, from: Socket) => connecting.on(JSON.parse(text) as DisplayToClient, from),
      bytes: (frame: Buffer) => connecting.bytes(frame),
    };
    const socket = await openSocket(link, to.path, handlers);
    to.connected?.(message => socket.send(JSON.stringify(message)));
    await connecting.follow(socket);
  } finally {
    signal?.removeEventListener('abort', stop);
    connecting.end();
  }
}

/** One stream of the server's, and what of this machine it is carried to and from. */
class Connecting {
  readonly #link: Link;
  readonly #to: ToCarry;
  readonly #local: Duplex;
  readonly #over = Promise.withResolvers<void>();
  #carried: Carried | undefined;
  #socket: Socket | undefined;
  #isOver = false;
  /** Directions that have ended, as told over the socket. */
  #ended = 0;

  constructor(link: Link, local: Duplex, to: ToCarry) {
    this.#link = link;
    this.#to = to;
    this.#local = local;
    this.#over.promise.catch(() => undefined);
    local.on('error', () => undefined);
    local.once('close', () => this.#carried === undefined && this.end());
  }

  async follow(socket: Socket): Promise<void> {
    this.#socket = socket;
    if (this.#isOver) socket.close();
    const lost = () => this.#ended < 2 && this.end(this.#link.unreachable(new Error('the connection was lost')));
    socket.closed.then(lost, (error: unknown) => this.end(error));
    await this.#over.promise;
    // The server closes when the last byte is on its way to the box.
    if (this.#ended === 2) await socket.closed;
  }

  on(message: DisplayToClient, socket: Socket): void {
    switch (message.type) {
      case 'opened':
        return this.#opened(socket);
      case 'credit':
        return this.#carried?.credit(message.bytes);
      case 'end':
        this.#ended += 1;
        return this.#carried?.receiveEnd(undefined);
      case 'error':
        return socket.fail(fromWire(message.error));
      default:
        return this.#to.said?.(message);
    }
  }

  bytes(frame: Buffer): void {
    this.#carried?.receive(frame);
  }

  /** Cuts it off where it is not over. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#carried === undefined) this.#local.destroy();
    else this.#carried.cut();
    this.#socket?.close();
    if (error === undefined) this.#over.resolve();
    else this.#over.reject(error);
  }

  #opened(socket: Socket): void {
    const say = (message: DisplayFromClient) => socket.send(JSON.stringify(message));
    const carried: Carried = new Carried(this.#local, {
      ready: () => {
        for (let part = carried.next(MAX_FRAME); part; part = carried.next(MAX_FRAME)) socket.send(part.bytes);
      },
      credit: bytes => say({type: 'credit', bytes}),
      end: () => {
        this.#ended += 1;
        say({type: 'end'});
      },
      over: error => {
        if (error !== undefined) return this.end();
        this.#isOver = true;
        this.#over.resolve();
      },
    });
    this.#carried = carried;
  }
}
