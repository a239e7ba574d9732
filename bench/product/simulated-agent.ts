import {randomBytes} from 'node:crypto';
import {WebSocket} from 'ws';
import {OWN_RANGE, type FromAgent, type FromServer} from '@boxyard/core/protocol';

type Start = Extract<FromServer, {type: 'job.start'}>;

export interface AgentOptions {
  readonly url: string;
  readonly credential: string;
  readonly name: string;
  readonly slots?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Called at every `job.start`; the job stays running until `end` is called. */
  readonly onStart?: (start: Start, agent: SimulatedAgent) => void;
}

export interface SimulatedAgent {
  /** The result of a job that did nothing and succeeded. */
  end(start: Start): void;
  close(): void;
}

/** An agent as far as the wire shows one: hello, register, inventory, journal, heartbeats, pongs. Resolves when the server has said hello. */
export function connectAgent(options: AgentOptions): Promise<SimulatedAgent> {
  const socket = new WebSocket(new URL('/ws/worker', options.url.replace(/^http/, 'ws')), {
    headers: {authorization: `Bearer ${options.credential}`},
    perMessageDeflate: false,
  });
  const send = (message: FromAgent) => socket.send(JSON.stringify(message));
  let timer: NodeJS.Timeout | undefined;
  let asOf = 0;
  const agent: SimulatedAgent = {
    end: start => send(resultOf(start, ++asOf)),
    close() {
      clearTimeout(timer);
      socket.terminate();
    },
  };
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', (code, reason) => reject(new Error(`closed ${code} ${reason.toString()}`)));
    socket.once('open', () => send(hello()));
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(data.toString()) as FromServer;
      if (message.type === 'hello') {
        timer = introduce(options, message.heartbeatMs, message.epoch, send);
        resolve(agent);
      }
      answer(message, options, {agent, send, asOf: () => asOf});
    });
    socket.once('close', () => clearInterval(timer));
  });
}

const hello = (): FromAgent => ({
  type: 'hello',
  protocol: OWN_RANGE,
  machine: randomBytes(16).toString('hex'),
  process: randomBytes(8).toString('hex'),
  boot: 'bench',
  epoch: 0,
  clock: Date.now(),
});

/** Says what it is and starts to beat, at a moment of its own, so that thousands do not beat at once. */
function introduce(options: AgentOptions, heartbeatMs: number, epoch: number, send: (message: FromAgent) => void): NodeJS.Timeout {
  send(registration(options));
  send({type: 'worker.inventory', engine: 'scripted', complete: true, asOf: 0, boxes: []});
  send({type: 'worker.journal', epoch, jobs: []});
  const beat = () =>
    send({
      type: 'worker.heartbeat',
      cpuUsage: 3,
      memoryFree: 6e9,
      diskTotal: 1e12,
      diskFree: 5e11,
      containersRunning: 0,
      gatewayStatus: 'disabled',
    });
  const timer = setTimeout(
    () => {
      beat();
      timer.refresh();
    },
    heartbeatMs * (0.95 + 0.1 * Math.random()),
  );
  return timer;
}

const registration = ({name, slots = 2, labels = {}}: AgentOptions): FromAgent => ({
  type: 'worker.register',
  name,
  hostname: name,
  platform: 'linux',
  arch: 'x64',
  cpuCount: slots,
  memoryTotal: 64e9,
  containerEngines: ['scripted'],
  agentVersion: '0.1.0',
  mode: 'byom',
  engines: [
    {
      name: 'scripted',
      usable: true,
      version: '1',
      features: ['exec', 'images', 'files', 'stats'],
      enforces: ['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges'],
      labels: {},
    },
  ],
  labels: {...labels},
  slots,
});

interface Answering {
  readonly agent: SimulatedAgent;
  readonly send: (message: FromAgent) => void;
  readonly asOf: () => number;
}

function answer(message: FromServer, options: AgentOptions, {agent, send, asOf}: Answering): void {
  switch (message.type) {
    case 'ping':
      return send({type: 'pong', id: message.id});
    case 'journal.ask':
      return send({type: 'worker.journal', epoch: 1, jobs: []});
    case 'inventory.ask':
      return send({type: 'worker.inventory', engine: 'scripted', complete: true, asOf: asOf(), boxes: []});
    case 'job.start':
      send({type: 'outbox.done', upTo: message.entry});
      return options.onStart?.(message, agent);
    case 'query':
      return send({type: 'query.answer', query: message.query, value: []});
    default:
      return;
  }
}

const resultOf = (start: Start, asOf: number): FromAgent => ({
  type: 'job.result',
  job: start.job,
  attempt: start.attempt,
  exit: {code: 0},
  logEnd: {stdout: 0, stderr: 0, log: 0},
  gaps: [],
  phases: [],
  asOf,
});
