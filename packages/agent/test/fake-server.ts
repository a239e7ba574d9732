import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type WebSocket} from 'ws';
import {newAttemptId, newId} from '@boxyard/core/config';
import {
  decode,
  decodeData,
  encodeData,
  fromAgent,
  type Attempt,
  type FromAgent,
  type FromServer,
  type Gap,
  type OutputName,
} from '@boxyard/core/protocol';

type Start = Extract<FromServer, {type: 'job.start'}>;
type Result = Extract<FromAgent, {type: 'job.result'}>;

export class Stored {
  readonly gaps: Gap[] = [];
  length = 0;
  #parts: Buffer[] = [];

  get bytes(): Buffer {
    this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0]!;
  }

  append(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes));
    this.length += bytes.length;
  }
}

/** The other end of the wire, as thin as it can be: keeps what it is told, stores output by offset, acknowledges. */
export class FakeServer {
  readonly installation = newId('t');
  readonly tenant = newId('t');
  readonly worker = newId('w');
  readonly received: FromAgent[] = [];
  readonly results = new Map<string, Result>();
  readonly blobs = new Map<string, Buffer>();
  readonly stdin = new Map<string, {bytes: Buffer; ended: boolean; interrupted?: boolean}>();
  readonly secrets = new Map<string, Record<string, string>>();
  readonly uploads = new Map<string, Buffer>();
  /** Answers the upgrade with this instead of a socket. */
  refuseWith: {status: number; body?: object; headers?: Record<string, string>} | undefined;
  acknowledges = true;
  handshakes = 0;
  socket: WebSocket | undefined;
  #epoch = 0;
  #entry = 0;
  readonly #http: Server;
  readonly #wss = new WebSocketServer({noServer: true});
  readonly #outputs = new Map<string, Stored>();
  readonly #data = new Map<number, Stored>();
  readonly #streams = new Map<number, {key: string; job: string; attempt: Attempt; name: OutputName}>();
  readonly #puts = new Map<number, {job: string; bytes: Buffer}>();
  readonly #gets = new Map<
    number,
    {job: string; what: Extract<FromAgent, {type: 'file.get'}>['what']; at: number; credit: number; ended: boolean}
  >();

  private constructor(server: Server) {
    this.#http = server;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#onUpgrade(request, socket, head));
  }

  static async start(port = 0): Promise<FakeServer> {
    const fake = new FakeServer(createServer());
    await new Promise<void>(resolve => fake.#http.listen(port, '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws/worker`;
  }

  send(message: FromServer): void {
    this.socket?.send(JSON.stringify(message));
  }

  start(start: Partial<Start> & Pick<Start, 'steps'>): Start {
    this.#entry += 1;
    const job = start.job ?? newId('j');
    const message: Start = {
      type: 'job.start',
      entry: `${this.#entry}-0`,
      job,
      attempt: {number: 1, id: newAttemptId()},
      tenant: this.tenant,
      kind: 'run',
      engine: 'process',
      profile: 'open',
      graceMs: 1000,
      stdin: false,
      keepBox: false,
      ...start,
      steps: start.steps.map(step => labelled(step, job)),
    };
    this.send(message);
    return message;
  }

  cancel(of: Pick<Start, 'job' | 'attempt'>, graceMs = 500): void {
    this.#entry += 1;
    this.send({type: 'job.cancel', entry: `${this.#entry}-0`, job: of.job, attempt: of.attempt, reason: 'test', graceMs});
  }

  output(job: string, name: OutputName = 'stdout'): Stored {
    const key = `${job}/${name}`;
    const known = this.#outputs.get(key) ?? new Stored();
    this.#outputs.set(key, known);
    return known;
  }

  /** What came on a stream that a test opened, under a number of the server's. */
  data(stream: number): Stored {
    const known = this.#data.get(stream) ?? new Stored();
    this.#data.set(stream, known);
    return known;
  }

  of<T extends FromAgent['type']>(type: T, job?: string): Extract<FromAgent, {type: T}>[] {
    return this.received.filter(one => one.type === type && (job === undefined || ('job' in one && one.job === job))) as Extract<
      FromAgent,
      {type: T}
    >[];
  }

  drop(): void {
    this.socket?.terminate();
  }

  feed(job: string): void {
    for (const [stream, get] of this.#gets) if (get.job === job) this.#pump(stream);
  }

  async close(): Promise<void> {
    for (const client of this.#wss.clients) client.terminate();
    this.#wss.close();
    await new Promise(resolve => this.#http.close(resolve));
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.handshakes += 1;
    if (this.refuseWith) {
      const {status, body = {}, headers = {}} = this.refuseWith;
      const text = JSON.stringify(body);
      const lines = Object.entries({
        'content-type': 'application/json',
        'content-length': String(text.length),
        connection: 'close',
        ...headers,
      });
      socket.end(`HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`);
      return;
    }
    this.#wss.handleUpgrade(request, socket, head, ws => this.#onSocket(ws));
  }

  #onSocket(ws: WebSocket): void {
    this.socket = ws;
    ws.on('message', (data, isBinary) => {
      if (isBinary) return this.#onData(data as Buffer);
      const decoded = decode<FromAgent>(fromAgent, (data as Buffer).toString());
      if (decoded.kind !== 'message') throw new Error(`agent sent ${JSON.stringify(decoded)}`);
      this.received.push(decoded.message);
      this.#onMessage(decoded.message);
    });
  }

  #onMessage(message: FromAgent): void {
    switch (message.type) {
      case 'hello':
        this.#epoch += 1;
        return this.send({
          type: 'hello',
          protocol: 2,
          installation: this.installation,
          tenant: this.tenant,
          worker: this.worker,
          epoch: this.#epoch,
          clock: Date.now(),
          heartbeatMs: 1000,
          lostAfterMs: 30_000,
        });
      case 'output.open': {
        const {job, attempt, name, stream} = message;
        this.#streams.set(stream, {key: `${job}/${name}`, job, attempt, name});
        return this.send({type: 'job.have', job, attempt, name, stream, length: this.output(job, name).length});
      }
      case 'output.gap': {
        const stored = this.output(message.job, message.gap.stream);
        if (message.gap.from !== stored.length) throw new Error(`gap at ${message.gap.from}, have ${stored.length}`);
        stored.gaps.push(message.gap);
        stored.append(Buffer.alloc(message.gap.to - message.gap.from));
        return this.#have(message.job, message.gap.stream);
      }
      case 'job.result':
        this.results.set(message.job, message);
        if (this.acknowledges) this.send({type: 'job.stored', job: message.job, attempt: message.attempt});
        return;
      case 'job.secrets':
        return this.send({type: 'job.secrets', job: message.job, attempt: message.attempt, values: this.secrets.get(message.job) ?? {}});
      case 'file.get':
        this.#gets.set(message.stream, {job: message.job, what: message.what, at: message.from, credit: 0, ended: false});
        return;
      case 'stream.credit': {
        const get = this.#gets.get(message.stream);
        if (get) get.credit += message.bytes;
        return this.#pump(message.stream);
      }
      case 'file.put':
        this.#puts.set(message.stream, {job: message.job, bytes: Buffer.alloc(0)});
        return;
      case 'stream.end': {
        const put = this.#puts.get(message.stream);
        if (put) this.uploads.set(put.job, put.bytes);
        return this.send({type: 'stream.end', stream: message.stream});
      }
      default:
        return;
    }
  }

  #pump(stream: number): void {
    const get = this.#gets.get(stream);
    if (!get || get.ended) return;
    const input = get.what === 'stdin' ? this.stdin.get(get.job) : undefined;
    const bytes = get.what === 'stdin' ? (input?.bytes ?? Buffer.alloc(0)) : (this.blobs.get(get.what.blob) ?? Buffer.alloc(0));
    while (get.credit > 0 && get.at < bytes.length) {
      const part = bytes.subarray(get.at, get.at + Math.min(32_768, get.credit));
      this.socket?.send(encodeData({stream, offset: get.at, bytes: part}));
      get.at += part.length;
      get.credit -= part.length;
    }
    if (input?.interrupted) {
      get.ended = true;
      return this.send({type: 'stream.end', stream, error: {code: 'INTERRUPTED', message: 'gone'}});
    }
    if (get.at === bytes.length && (get.what !== 'stdin' || input?.ended)) {
      get.ended = true;
      this.send({type: 'stream.end', stream, length: bytes.length});
    }
  }

  #onData(data: Buffer): void {
    const frame = decodeData(data)!;
    const put = this.#puts.get(frame.stream);
    if (put) {
      put.bytes = Buffer.concat([put.bytes, frame.bytes]);
      return this.send({type: 'stream.credit', stream: frame.stream, bytes: frame.bytes.length});
    }
    if (frame.stream >= 2 ** 31) return this.data(frame.stream).append(frame.bytes);
    const stream = this.#streams.get(frame.stream)!;
    const stored = this.output(stream.job, stream.name);
    if (frame.offset !== stored.length) throw new Error(`offset ${frame.offset}, have ${stored.length}`);
    stored.append(frame.bytes);
    this.#have(stream.job, stream.name);
  }

  #have(job: string, name: OutputName): void {
    for (const [stream, one] of this.#streams) {
      if (one.job === job && one.name === name)
        this.send({type: 'job.have', job, attempt: one.attempt, name, stream, length: this.output(job, name).length});
    }
  }
}

/** As the server does: a box whose label names no job of its agent is garbage to it. */
const labelled = (step: Start['steps'][number], job: string): Start['steps'][number] =>
  step.do === 'container.create' ? {...step, spec: {...step.spec, labels: {'io.boxyard.job': job, ...step.spec.labels}}} : step;
