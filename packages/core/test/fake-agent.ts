import {randomUUID} from 'node:crypto';
import {WebSocket} from 'ws';
import {
  type Attempt,
  type BoxSeen,
  type DataFrame,
  type FromAgent,
  type FromServer,
  type Gap,
  type Query,
  decode,
  decodeData,
  encodeData,
  fromServer,
} from '../src/protocol/index.ts';
import type {z} from 'zod';
import {waitFor} from './redis-for-tests.ts';

export type Start = Extract<FromServer, {type: 'job.start'}>;
type Result = Omit<Extract<FromAgent, {type: 'job.result'}>, 'type' | 'job' | 'attempt' | 'logEnd' | 'gaps' | 'phases' | 'asOf'>;

export interface FakeAgentOptions {
  readonly worker?: string;
  readonly name?: string;
  /** Absent: the core's. */
  readonly tenant?: string;
  readonly slots?: number;
  readonly memory?: number;
  readonly labels?: Record<string, string>;
  /** Labels of an invitation that nobody has looked at yet: the worker has no record before it connects. */
  readonly invited?: Readonly<Record<string, string>>;
  readonly machine?: string;
  readonly process?: string;
  readonly boot?: string;
  /** Runs a job: gives its output and how it ends. Absent: jobs run until `finish`. */
  readonly run?: ((start: Start) => {stdout?: string; result: Result}) | undefined;
  /** Answers a question; undefined never does. Absent: an empty list. */
  readonly answer?: ((of: Query) => unknown) | undefined;
  readonly features?: readonly string[];
  readonly isSilent?: boolean;
  readonly installation?: string;
  /** What the agent keeps on disk: jobs it accepted and whose result nobody has stored. Hand the same one to its next life. */
  readonly journal?: Map<string, Start>;
}

export interface FakeAgent {
  readonly worker: string;
  readonly name: string;
  readonly started: Start[];
  readonly received: FromServer[];
  readonly stored: Set<string>;
  send(message: FromAgent): void;
  sendRaw(frame: string | Buffer): void;
  data(stream: number, offset: number, bytes: Uint8Array): void;
  /** Calls back with bytes as they come; the function returned ends it. */
  onData(listener: (frame: DataFrame) => void): () => void;
  accept(start: Start): void;
  running(start: Start): void;
  /** Output, then the result. */
  finish(start: Start, end?: {stdout?: string; result?: Result}): Promise<void>;
  result(start: {job: string; attempt: Attempt}, result: Result, more?: {stdoutEnd?: number; asOf?: number}): void;
  output(start: Start, bytes: string, offset?: number): Promise<void>;
  gap(start: Start, gap: Gap): void;
  inventory(boxes: z.infer<typeof BoxSeen>[], asOf: number): void;
  journal(jobs: Extract<FromAgent, {type: 'worker.journal'}>['jobs']): void;
  /** Ends the socket without a word, as a killed agent does. */
  kill(): void;
  readonly closed: Promise<number>;
}

let streamNumber = 0;

/** An agent without engines that does what a test says; the other side of the real wire. */
export async function startFakeAgent(url: string, options: FakeAgentOptions & {worker: string; name: string}): Promise<FakeAgent> {
  const socket = new WebSocket(url, {headers: {authorization: options.worker}});
  const started: Start[] = [];
  const received: FromServer[] = [];
  const stored = new Set<string>();
  const have = new Map<number, number>();
  const listeners = new Set<(frame: DataFrame) => void>();
  let asOf = 0;
  const send = (message: FromAgent) => socket.readyState === socket.OPEN && socket.send(JSON.stringify(message));
  const closed = new Promise<number>(resolve => socket.once('close', code => resolve(code)));
  socket.on('error', () => undefined);
  const agent: FakeAgent = {
    worker: options.worker,
    name: options.name,
    started,
    received,
    stored,
    send: message => void send(message),
    sendRaw: frame => socket.send(frame),
    data: (stream, offset, bytes) => socket.send(encodeData({stream, offset, bytes})),
    onData: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    accept: start => void send({type: 'job.update', job: start.job, attempt: start.attempt, state: 'accepted', phases: []}),
    running: start => void send({type: 'job.update', job: start.job, attempt: start.attempt, state: 'running', phases: []}),
    result: (start, result, more = {}) =>
      void send({
        type: 'job.result',
        job: start.job,
        attempt: start.attempt,
        logEnd: {stdout: more.stdoutEnd ?? 0, stderr: 0, log: 0},
        gaps: [],
        phases: [],
        asOf: more.asOf ?? ++asOf,
        ...result,
      }),
    output: async (start, text, offset = 0) => {
      const stream = ++streamNumber;
      send({type: 'output.open', stream, job: start.job, attempt: start.attempt, name: 'stdout'});
      await waitFor(() => have.has(stream));
      const bytes = Buffer.from(text);
      socket.send(encodeData({stream, offset, bytes}));
      await waitFor(() => (have.get(stream) ?? 0) >= offset + bytes.length);
    },
    gap: (start, gap) => void send({type: 'output.gap', job: start.job, attempt: start.attempt, gap}),
    finish: async (start, end = {}) => {
      if (end.stdout) await agent.output(start, end.stdout);
      agent.result(start, end.result ?? {exit: {code: 0}}, {stdoutEnd: end.stdout?.length ?? 0});
      await waitFor(() => stored.has(start.attempt.id));
    },
    inventory: (boxes, at) => void send({type: 'worker.inventory', engine: 'fake', complete: true, asOf: at, boxes}),
    journal: jobs => void send({type: 'worker.journal', epoch: 1, jobs}),
    kill: () => socket.terminate(),
    closed,
  };
  const onStart = (start: Start) => {
    started.push(start);
    if (options.run === undefined) return;
    options.journal?.set(start.job, start);
    const {stdout = '', result} = options.run(start);
    if (result.error === undefined) agent.running(start);
    void agent.finish(start, {stdout, result}).catch(() => undefined);
    send({type: 'outbox.done', upTo: start.entry});
  };
  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      const frame = decodeData(data as Buffer);
      if (frame !== undefined) for (const listener of listeners) listener(frame);
      return;
    }
    const decoded = decode<FromServer>(fromServer, (data as Buffer).toString('utf8'));
    if (decoded.kind !== 'message') throw new Error(JSON.stringify(decoded));
    const {message} = decoded;
    received.push(message);
    if (message.type === 'ping' && options.isSilent !== true) send({type: 'pong', id: message.id});
    if (message.type === 'job.start') onStart(message);
    const asked = message.type === 'job.ask' ? started.find(start => start.attempt.id === message.attempt.id) : undefined;
    if (asked !== undefined) send({type: 'job.told', job: asked.job, attempt: asked.attempt, start: asked});
    if (message.type === 'job.stored') {
      stored.add(message.attempt.id);
      options.journal?.delete(message.job);
    }
    if (message.type === 'job.have') have.set(message.stream, message.length);
    if (message.type === 'query') {
      const value = options.answer === undefined ? [] : options.answer(message.of);
      if (value !== undefined) send({type: 'query.answer', query: message.query, value});
    }
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  send({
    type: 'hello',
    protocol: {oldest: 1, newest: 2},
    machine: options.machine ?? options.worker,
    process: options.process ?? randomUUID(),
    boot: options.boot ?? 'boot',
    epoch: 0,
    clock: Date.now(),
  });
  await Promise.race([waitFor(() => received.some(message => message.type === 'hello')), closed]);
  if (socket.readyState !== socket.OPEN) return agent;
  send({
    type: 'worker.register',
    name: options.name,
    hostname: options.name,
    platform: 'linux',
    arch: 'x64',
    cpuCount: 2,
    memoryTotal: 8 * 1024 ** 3,
    containerEngines: ['fake'],
    agentVersion: '0.0.0',
    mode: 'byom',
    engines: [
      {
        name: 'fake',
        usable: true,
        version: '1',
        features: [...(options.features ?? ['exec', 'files', 'images', 'snapshot', 'build'])],
        enforces: ['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges'],
        labels: {},
      },
    ],
    labels: options.labels ?? {},
    slots: options.slots ?? 4,
    memory: options.memory ?? 8 * 1024 ** 3,
  });
  const kept = [...(options.journal?.values() ?? [])];
  agent.journal(kept.map(({job, attempt}) => ({job, attempt, state: 'running', at: Date.now()})));
  for (const start of kept) onStart(start);
  return agent;
}
