import {randomBytes, randomUUID} from 'node:crypto';
import {WebSocket} from 'ws';
import {parseTicket} from '@boxyard/core/config';
import {OWN_RANGE, decode, encodeData, fromServer, type FromAgent, type FromServer, type VersionRange} from '@boxyard/core/protocol';
import type {Api} from './api.ts';
import {waitFor} from './wait-for.ts';

type Of<T extends FromServer['type']> = Extract<FromServer, {type: T}>;

export interface Identity {
  readonly worker: string;
  readonly name: string;
  readonly credential: string;
  readonly url: string;
}

/** Redeems an invitation as a machine would. */
export async function joinAs(api: Api, name: string): Promise<Identity> {
  const {line} = await api.must<{line: string}>('POST', '/v1/invitations', {body: {name}});
  const body = {secret: parseTicket(line, 'bxi').secret, machine: randomBytes(24).toString('hex'), name};
  const redeemed = await api.must<{worker: string; name: string; credential: string}>('POST', '/v1/invitations/redeem', {body});
  return {...redeemed, url: `${api.url.protocol === 'https:' ? 'wss' : 'ws'}://${api.url.host}/ws/worker`};
}

export interface ScriptedAgentOptions {
  readonly identity: Identity;
  readonly range?: VersionRange;
  readonly slots?: number;
  readonly process?: string;
  readonly machine?: string;
  readonly engine?: string;
}

/** An agent that does nothing but what a test tells it, to a real server: it registers, answers pings and keeps what it hears. */
export class ScriptedAgent implements AsyncDisposable {
  readonly heard: FromServer[] = [];
  readonly options: ScriptedAgentOptions;
  /** Hears and says nothing any more, as a machine that was unplugged: its socket stays open. */
  isDeaf = false;
  readonly closes: {code: number; reason: string}[] = [];
  #socket: WebSocket | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #asOf = 0;

  constructor(options: ScriptedAgentOptions) {
    this.options = options;
  }

  /** Resolves when the server said hello; rejects with the status of a refusal or the code of a close. */
  async connect(epoch = 0): Promise<Of<'hello'>> {
    const {identity, range} = this.options;
    const headers = {authorization: `Bearer ${identity.credential}`};
    const socket = new WebSocket(identity.url, {headers, rejectUnauthorized: false, autoPong: false});
    socket.on('ping', data => this.isDeaf || socket.pong(data));
    this.#socket = socket;
    const before = this.heard.length;
    let failure: Error | undefined;
    socket.on('unexpected-response', (_, response) => {
      failure = new Error(`refused with ${response.statusCode}`);
      socket.terminate();
    });
    socket.on('error', error => (failure ??= error));
    socket.on('close', (code, reason) => {
      this.closes.push({code, reason: reason.toString()});
      failure ??= new Error(`closed ${code} ${reason.toString()}`);
      clearInterval(this.#heartbeat);
    });
    socket.on('message', (data, isBinary) => isBinary || this.#onMessage((data as Buffer).toString()));
    socket.on('open', () =>
      this.send({
        type: 'hello',
        protocol: range ?? OWN_RANGE,
        machine: this.options.machine ?? `machine-${identity.worker}`,
        process: this.options.process ?? randomUUID(),
        boot: 'boot-of-the-test',
        epoch,
        clock: Date.now(),
      }),
    );
    await waitFor(() => failure !== undefined || this.heard.length > before, {within: 15_000, what: 'an answer to hello'});
    const hello = this.heard.slice(before).find((message): message is Of<'hello'> => message.type === 'hello');
    if (hello === undefined) throw failure ?? new Error('no hello');
    return hello;
  }

  /** Register, journal and inventory: ready for work. */
  register(hello: Of<'hello'>, journal: Extract<FromAgent, {type: 'worker.journal'}>['jobs'] = []): void {
    const name = this.options.engine ?? 'process';
    this.send({
      type: 'worker.register',
      name: this.options.identity.name,
      hostname: 'scripted',
      platform: 'linux',
      cpuCount: 4,
      memoryTotal: 64 * 2 ** 30,
      containerEngines: name === 'process' ? [] : [name],
      agentVersion: '0.0.0-test',
      mode: 'byom',
      engines: [{name, usable: true, version: '1', features: ['exec', 'images', 'files'], enforces: [], labels: {}}],
      labels: {},
      slots: this.options.slots ?? 8,
    });
    if (hello.protocol >= 2) this.send({type: 'worker.journal', epoch: hello.epoch, jobs: journal});
    this.send({type: 'worker.inventory', engine: name, complete: true, asOf: this.#asOf, boxes: []});
    const beat = () => this.send({type: 'worker.heartbeat', cpuUsage: 1, memoryFree: 32 * 2 ** 30, containersRunning: 0});
    beat();
    this.#heartbeat = setInterval(beat, Math.max(100, hello.heartbeatMs));
  }

  get asOf(): number {
    this.#asOf += 1;
    return this.#asOf;
  }

  send(message: FromAgent): void {
    if (!this.isDeaf && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  sendData(stream: number, offset: number, bytes: Buffer): void {
    this.#socket?.send(encodeData({stream, offset, bytes}));
  }

  /** Something no protocol knows. */
  sendRaw(text: string | Buffer): void {
    this.#socket?.send(text);
  }

  drop(): void {
    clearInterval(this.#heartbeat);
    this.#socket?.terminate();
  }

  all<T extends FromServer['type']>(type: T): Of<T>[] {
    return this.heard.filter((message): message is Of<T> => message.type === type);
  }

  wait<T extends FromServer['type']>(type: T, fits: (message: Of<T>) => boolean = () => true, within = 20_000): Promise<Of<T>> {
    return waitFor(() => this.all(type).find(fits), {within, what: `the server says ${type}`, every: 10});
  }

  #onMessage(text: string): void {
    if (this.isDeaf) return;
    const decoded = decode<FromServer>(fromServer, text);
    if (decoded.kind !== 'message') throw new Error(`the server said what is not in the protocol: ${text.slice(0, 300)}`);
    this.heard.push(decoded.message);
    if (decoded.message.type === 'ping') this.send({type: 'pong', id: decoded.message.id});
    if (decoded.message.type === 'journal.ask') this.send({type: 'worker.journal', epoch: this.all('hello').at(-1)!.epoch, jobs: []});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
  }
}
