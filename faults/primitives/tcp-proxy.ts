import {createServer, connect, type Server, type Socket} from 'node:net';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import type {Fault} from './fault.ts';

/** What happens to the bytes of one direction; times in milliseconds. Absent means untouched. */
export interface Toxics {
  delay?: number;
  /** Added at random, 0 to this. */
  jitter?: number;
  bytesPerSecond?: number;
  /** Bytes per write, so that frames arrive in pieces. */
  slice?: number;
  /** After so many bytes from now on the connection is reset. */
  cutAfter?: number;
  /** Bytes are read and never delivered; the peer thinks all is well. */
  swallow?: boolean;
}

export interface ProxyTarget {
  readonly host?: string;
  readonly port?: number;
  /** A unix socket instead of host and port. */
  readonly path?: string;
}

/** F6: a TCP relay that may do to each direction what networks do. One per link; changes reach open connections at once. */
export class TcpProxy implements AsyncDisposable {
  readonly toServer: Toxics = {};
  readonly toClient: Toxics = {};
  /** Replaced in the first bytes of each connection: for servers that answer to their own name only. */
  renameHost: {readonly from: string; readonly to: string} | undefined;
  /** Connections so far. */
  accepted = 0;
  #target: ProxyTarget;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #stop = new AbortController();
  #refuses = false;

  private constructor(target: ProxyTarget) {
    this.#target = target;
    this.#server = createServer({allowHalfOpen: true, pauseOnConnect: false}, client => this.#relay(client));
  }

  static async listen(target: ProxyTarget, host = '127.0.0.1'): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections go there; open ones stay. */
  repoint(target: ProxyTarget): void {
    this.#target = target;
  }

  /** `reset_peer`: every open connection ends with a reset on both sides. */
  reset(): void {
    for (const socket of this.#sockets) cut(socket);
  }

  /** Every open connection ends properly (FIN). */
  close(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** While refused, a new connection is reset at once. */
  refuse(on: boolean): void {
    this.#refuses = on;
  }

  #relay(client: Socket): void {
    if (this.#refuses) {
      client.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const {path, port, host} = this.#target;
    const upstream =
      path === undefined ? connect({port: port!, host: host ?? '127.0.0.1', allowHalfOpen: true}) : connect({path, allowHalfOpen: true});
    for (const socket of [client, upstream]) this.#adopt(socket);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    const rename = this.renameHost;
    void this.#pump(client, upstream, this.toServer, rename && (bytes => renamed(bytes, rename))).catch(() => upstream.destroy());
    void this.#pump(upstream, client, this.toClient).catch(() => client.destroy());
  }

  #adopt(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #pump(from: Socket, to: Socket, toxics: Toxics, first?: (bytes: Buffer) => Buffer): Promise<void> {
    const {signal} = this.#stop;
    let change = first;
    for await (const bytes of from as AsyncIterable<Buffer>) {
      const chunk = change?.(bytes) ?? bytes;
      change = undefined;
      if (toxics.swallow) continue;
      const wait = (toxics.delay ?? 0) + Math.random() * (toxics.jitter ?? 0);
      if (wait >= 1) await delay(wait, undefined, {signal});
      for (const piece of pieces(chunk, toxics.slice)) {
        if (toxics.cutAfter !== undefined && (toxics.cutAfter -= piece.length) <= 0) {
          delete toxics.cutAfter;
          cut(from);
          cut(to);
          return;
        }
        if (!to.write(piece)) await Promise.race([once(to, 'drain', {signal}), once(to, 'close', {signal})]);
        if (toxics.bytesPerSecond) await delay((piece.length / toxics.bytesPerSecond) * 1_000, undefined, {signal});
      }
    }
    if (!toxics.swallow) to.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }
}

/** A reset, unless its end is on the way already: such a socket, reset, is one that Node waits for without end when it exits. */
function cut(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

const renamed = (bytes: Buffer, {from, to}: {readonly from: string; readonly to: string}): Buffer =>
  Buffer.from(bytes.toString('latin1').replace(`ost: ${from}`, `ost: ${to}`), 'latin1');

function* pieces(chunk: Buffer, size = chunk.length): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
}

/** The same toxics on both directions, or on one. */
export function toxic(
  proxy: TcpProxy,
  name: string,
  toxics: Readonly<Toxics>,
  directions: readonly ('toServer' | 'toClient')[] = ['toServer', 'toClient'],
): Fault {
  return {
    name: `F6 ${name}`,
    inject: async () => directions.forEach(direction => Object.assign(proxy[direction], toxics)),
    heal: async () =>
      directions.forEach(direction => {
        for (const key of Object.keys(toxics) as (keyof Toxics)[]) delete proxy[direction][key];
      }),
  };
}

/** A link that swallows, in both directions or one: no FIN, no reset, no byte (B12). Connections opened meanwhile hang too. */
export const blackHole = (proxy: TcpProxy, directions?: readonly ('toServer' | 'toClient')[]): Fault => {
  const swallow = toxic(proxy, 'black hole', {swallow: true}, directions);
  return {
    ...swallow,
    async heal() {
      await swallow.heal();
      // What was swallowed is gone for good, so the connections that lost it must not go on as if whole.
      proxy.reset();
    },
  };
};
