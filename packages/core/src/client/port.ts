import type {Duplex} from 'node:stream';
import type {PortFromClient, PortToClient} from '../api/index.ts';
import {routes} from '../api/routes.ts';
import {fromWire} from '../errors/index.ts';
import {Carried} from '../streams/index.ts';
import type {Link} from './link.ts';
import {openSocket, type Socket} from './socket.ts';

export interface PortOptions {
  readonly devbox: string;
  readonly port: number;
  /** Cuts it off. */
  readonly signal?: AbortSignal | undefined;
}

const MAX_FRAME = 64 * 1024;

/**
 * One connection of a program here to a program in a DevBox. `local` is read from when the other end was reached. Resolves
 * when both directions have ended and every byte arrived, or when `local` broke off; rejects with why there is no connection,
 * or none any more. `local` is closed in any case, and reset where the connection broke.
 */
export async function connectPort(link: Link, {devbox, port, signal}: PortOptions, local: Duplex): Promise<void> {
  const connecting = new Connecting(link, local);
  const stop = () => connecting.end(signal?.reason);
  signal?.addEventListener('abort', stop, {once: true});
  try {
    signal?.throwIfAborted();
    const path = routes.devboxesPort.path.replace(':devbox', encodeURIComponent(devbox)).replace(':port', String(port));
    const handlers = {
      text: (text: string, from: Socket) => connecting.on(JSON.parse(text) as PortToClient, from),
      bytes: (frame: Buffer) => connecting.bytes(frame),
    };
    await connecting.follow(await openSocket(link, path, handlers));
  } finally {
    signal?.removeEventListener('abort', stop);
    connecting.end();
  }
}

class Connecting {
  readonly #link: Link;
  readonly #local: Duplex;
  readonly #over = Promise.withResolvers<void>();
  #carried: Carried | undefined;
  #socket: Socket | undefined;
  #isOver = false;
  /** Directions that have ended, as told over the socket. */
  #ended = 0;

  constructor(link: Link, local: Duplex) {
    this.#link = link;
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

  on(message: PortToClient, socket: Socket): void {
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
    const say = (message: PortFromClient) => socket.send(JSON.stringify(message));
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
