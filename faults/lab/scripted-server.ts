import {createServer, type Server} from 'node:http';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {WebSocketServer, type WebSocket} from 'ws';
import {newAttemptId, newId} from '@boxyard/core/config';
import {
  PROTOCOL_VERSION,
  decode,
  decodeData,
  encodeData,
  fromAgent,
  fromServer,
  type FromAgent,
  type FromServer,
} from '@boxyard/core/protocol';
import {waitFor} from './wait-for.ts';

type Of<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;

/**
 * A server that says exactly what a test tells it, to a real agent: every credential is right, every result is kept until the
 * test has it stored. Output is acknowledged as it comes.
 */
export class ScriptedServer implements AsyncDisposable {
  readonly heard: FromAgent[] = [];
  readonly output = new Map<string, Buffer>();
  readonly sockets: WebSocket[] = [];
  readonly installation = newId('i');
  readonly tenant = newId('t');
  readonly worker = newId('w');
  /** Answer to `hello`; a test may make it say another version. */
  protocol = PROTOCOL_VERSION;
  readonly #http: Server = createServer((_, response) => response.writeHead(404).end());
  readonly #server = new WebSocketServer({noServer: true, maxPayload: 1024 * 1024});
  #epoch = 0;

  static async listen(port = 0): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    scripted.#http.on('upgrade', (request, socket, head) => {
      scripted.#server.handleUpgrade(request, socket, head, ws => scripted.#accept(ws));
    });
    scripted.#http.listen(port, '127.0.0.1');
    await once(scripted.#http, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** What the agent's `worker.json` has to say. */
  get identity(): Record<string, string> {
    return {
      worker: this.worker,
      name: 'scripted',
      tenant: this.tenant,
      tenantName: 'scripted',
      credential: 'scripted',
      installation: this.installation,
      machine: 'm'.repeat(32),
      url: `ws://127.0.0.1:${this.port}/ws/worker`,
    };
  }

  attempt(number = 1): {number: number; id: string} {
    return {number, id: newAttemptId()};
  }

  /** On every open connection, or on one; checked against the schema so that a test cannot say what no server would. */
  send(message: FromServer, socket?: WebSocket): void {
    const text = JSON.stringify(fromServer[message.type].parse(message));
    for (const each of socket ? [socket] : this.open) each.send(text);
  }

  get open(): readonly WebSocket[] {
    return this.sockets.filter(socket => socket.readyState === socket.OPEN);
  }

  all<T extends FromAgent['type']>(type: T): Of<T>[] {
    return this.heard.filter((message): message is Of<T> => message.type === type);
  }

  wait<T extends FromAgent['type']>(type: T, fits: (message: Of<T>) => boolean = () => true, within = 30_000): Promise<Of<T>> {
    return waitFor(() => this.all(type).find(fits), {within, what: `the agent says ${type}`});
  }

  #accept(socket: WebSocket): void {
    const streams = new Map<number, string>();
    this.sockets.push(socket);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => {
      if (isBinary) return this.#onData(socket, streams, data as Buffer);
      const decoded = decode<FromAgent>(fromAgent, (data as Buffer).toString());
      if (decoded.kind !== 'message')
        throw new Error(`the agent said what is not in the protocol: ${(data as Buffer).toString().slice(0, 300)}`);
      this.heard.push(decoded.message);
      if (decoded.message.type === 'hello') this.#hello(socket);
      if (decoded.message.type === 'output.open') this.#open(socket, streams, decoded.message);
    });
  }

  #hello(socket: WebSocket): void {
    this.#epoch += 1;
    const clock = Date.now();
    const message = {
      type: 'hello' as const,
      protocol: this.protocol,
      installation: this.installation,
      tenant: this.tenant,
      worker: this.worker,
      epoch: this.#epoch,
      clock,
      heartbeatMs: 1_000,
      lostAfterMs: 30_000,
    };
    this.send(message, socket);
  }

  #open(socket: WebSocket, streams: Map<number, string>, message: Of<'output.open'>): void {
    const key = `${message.job} ${message.name}`;
    streams.set(message.stream, key);
    const length = this.output.get(key)?.length ?? 0;
    this.send({type: 'job.have', job: message.job, attempt: message.attempt, name: message.name, stream: message.stream, length}, socket);
  }

  #onData(socket: WebSocket, streams: Map<number, string>, data: Buffer): void {
    const frame = decodeData(data);
    const key = frame && streams.get(frame.stream);
    if (frame === undefined || key === undefined) return;
    const have = this.output.get(key) ?? Buffer.alloc(0);
    if (frame.offset === have.length) this.output.set(key, Buffer.concat([have, frame.bytes]));
    const opened = this.all('output.open').findLast(message => `${message.job} ${message.name}` === key)!;
    const length = this.output.get(key)?.length ?? 0;
    this.send({type: 'job.have', job: opened.job, attempt: opened.attempt, name: opened.name, stream: frame.stream, length}, socket);
  }

  /** Bytes of a file the agent asked for. */
  sendData(socket: WebSocket, stream: number, bytes: Buffer): void {
    socket.send(encodeData({stream, offset: 0, bytes}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.#server.close();
    this.#http.closeAllConnections();
    this.#http.close();
  }
}
