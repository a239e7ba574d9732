import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {files, parseTicket, paths, writePrivate} from '@boxyard/core/config';
import type {WorkerView} from '@boxyard/core/api';
import type {Api} from './api.ts';
import {agentProgram, machineEnv, node} from './directories.ts';
import {Program} from './program.ts';
import {waitUntil} from './wait-for.ts';

export interface WorkerOptions {
  readonly name: string;
  readonly dir: string;
  readonly engines?: readonly string[];
  readonly slots?: number;
  readonly namespace?: string | undefined;
  /** Where the agent dials, if not where the invitation says: a proxy of the test. */
  readonly address?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another build's; absent: this checkout's. */
  readonly program?: string;
}

/** A machine's agent in directories of its own, joined by an invitation. */
export class Worker implements AsyncDisposable {
  readonly program: Program;
  readonly name: string;
  readonly id: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;

  private constructor(options: WorkerOptions, id: string) {
    this.name = options.name;
    this.id = id;
    this.dir = options.dir;
    this.env = machineEnv(options.dir, options.env);
    const engines = (options.engines ?? ['process']).flatMap(engine => ['--engine', engine]);
    this.program = new Program({
      name: `agent ${options.name}`,
      argv: [node, options.program ?? agentProgram, ...engines, '--slots', String(options.slots ?? 64)],
      env: this.env,
      log: join(options.dir, 'agent.log'),
      namespace: options.namespace,
    });
  }

  /** Redeems an invitation over the API and keeps the credential where the agent looks for it. The agent is not started. */
  static async join(api: Api, options: WorkerOptions): Promise<Worker> {
    const {line} = await api.must<{line: string}>('POST', '/v1/invitations', {body: {name: options.name}});
    const ticket = parseTicket(line, 'bxi');
    const body = {secret: ticket.secret, machine: randomBytes(24).toString('hex'), name: options.name};
    const redeemed = await api.must<Record<string, string>>('POST', '/v1/invitations/redeem', {body});
    const scheme = ticket.fingerprint === undefined ? 'ws' : 'wss';
    const url = `${scheme}://${options.address ?? api.url.host}/ws/worker`;
    return Worker.as({...redeemed, machine: body.machine, url, ...(ticket.fingerprint ? {fingerprint: ticket.fingerprint} : {})}, options);
  }

  /** With a credential the test already has: `identity` becomes its `worker.json`. */
  static as(identity: Readonly<Record<string, string>>, options: WorkerOptions): Worker {
    const worker = new Worker(options, identity['worker']!);
    writePrivate(files(paths(worker.env)).worker, JSON.stringify(identity));
    return worker;
  }

  start(extra: Readonly<Record<string, string>> = {}): void {
    this.program.start(extra);
  }

  /** Waits until the server shows it in one of these states. */
  is(api: Api, ...presence: readonly WorkerView['presence'][]): Promise<WorkerView> {
    return waitUntil(
      () => api.must<WorkerView>('GET', `/v1/workers/${this.id}`),
      seen => presence.includes(seen.presence) && (!presence.includes('online') || seen.presence !== 'online' || seen.engines.length > 0),
      {within: 40_000, what: `${this.name} is ${presence.join(' or ')}`},
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}
