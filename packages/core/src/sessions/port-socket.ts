import type {WebSocket} from 'ws';
import {portFromClient, type PortToClient} from '../api/index.ts';
import {BoxyardError, asBoxyardError, fromWire, toWire} from '../errors/index.ts';
import type {PortHandlers, PortPlace, PortService, PortStream, Session} from '../services.ts';
import {STREAM_WINDOW} from '../streams/index.ts';

const PING_MS = 15_000;
/** A client that answers no ping that long is gone. */
const SILENCE_MS = 40_000;

export interface PortScope {
  readonly session: Session;
  readonly place: PortPlace;
  readonly port: number;
}

/** One connection from a client into a DevBox, from the handshake until both directions are over or one side is gone. */
export function servePort(socket: WebSocket, scope: PortScope, ports: PortService): void {
  const connection = new PortConnection(socket);
  let heardAt = performance.now();
  const heard = () => (heardAt = performance.now());
  const ping = setInterval(() => (performance.now() - heardAt > SILENCE_MS ? socket.terminate() : socket.ping()), PING_MS);
  socket.on('pong', heard);
  socket.once('close', () => {
    clearInterval(ping);
    connection.close();
  });
  socket.on('message', (data, isBinary) => {
    heard();
    connection.receive(data as Buffer, isBinary);
  });
  connection.open(ports, scope);
}

class PortConnection implements PortHandlers {
  readonly #socket: WebSocket;
  #stream: PortStream | undefined;
  /** What each side may still send. */
  #fromClient = 0;
  #fromBox = STREAM_WINDOW;
  #hasClientEnded = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  open(ports: PortService, {place, port}: PortScope): void {
    try {
      this.#stream = ports.open(place, port, this);
    } catch (error) {
      this.#fail(error);
    }
  }

  receive(data: Buffer, isBinary: boolean): void {
    try {
      if (isBinary) this.#onBytes(data);
      else this.#onText(data.toString('utf8'));
    } catch (error) {
      this.#fail(error);
    }
  }

  opened(): void {
    this.#fromClient = STREAM_WINDOW;
    this.#tell({type: 'opened'});
  }

  data(bytes: Uint8Array): void {
    this.#fromBox -= bytes.length;
    // A client that gives credit and does not read, or an agent that sends without: neither is kept in memory.
    if (this.#fromBox < 0 || this.#socket.bufferedAmount > 2 * STREAM_WINDOW)
      return this.#fail(new BoxyardError('TOO_MANY_REQUESTS', {what: 'bytes at once'}));
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(bytes);
  }

  credit(bytes: number): void {
    this.#fromClient = Math.min(this.#fromClient + bytes, STREAM_WINDOW);
    this.#tell({type: 'credit', bytes});
  }

  end(error: Parameters<PortHandlers['end']>[0]): void {
    if (error !== undefined) {
      this.#stream = undefined;
      return this.#fail(fromWire(error as Parameters<typeof fromWire>[0]));
    }
    this.#tell({type: 'end'});
  }

  over(): void {
    this.#stream = undefined;
    this.#socket.close(1000);
  }

  /** The client is gone. */
  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  #onBytes(data: Buffer): void {
    this.#fromClient -= data.length;
    if (this.#hasClientEnded || this.#fromClient < 0) throw malformed();
    this.#stream?.data(data);
  }

  #onText(text: string): void {
    const message = parsed(text);
    if (message.type === 'end') {
      if (this.#hasClientEnded) throw malformed();
      this.#hasClientEnded = true;
      return this.#stream?.end();
    }
    if (this.#fromBox + message.bytes > STREAM_WINDOW) throw malformed();
    this.#fromBox += message.bytes;
    this.#stream?.credit(message.bytes);
  }

  #fail(thrown: unknown): void {
    const error = asBoxyardError(thrown);
    this.close();
    this.#tell({type: 'error', error: toWire(error)});
    this.#socket.close(error.code === 'INTERNAL' ? 1011 : 4400, error.code);
  }

  #tell(message: PortToClient): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

const malformed = () => new BoxyardError('INVALID_INPUT', {field: 'frame', issue: 'not one this socket takes now'});

function parsed(text: string) {
  try {
    return portFromClient.parse(JSON.parse(text));
  } catch {
    throw malformed();
  }
}
