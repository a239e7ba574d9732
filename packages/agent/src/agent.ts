import {randomBytes} from 'node:crypto';
import {BoxyardError} from '@boxyard/core/errors';
import type {LoadedEngine} from '@boxyard/core/plugin-host';
import type {FromServer} from '@boxyard/core/protocol';
import {BoxFiles} from './box-files.ts';
import {CarriedStreams} from './carried-streams.ts';
import {openDisplays} from './display-loading.ts';
import type {Agent, AgentBase, AgentDeps} from './agent-deps.ts';
import {AgentClock, type FollowingClock} from './clock.ts';
import type {AgentConfig} from './config.ts';
import {Connection} from './connection.ts';
import {figuresOf} from './disk-guard.ts';
import {findEngines, loadAll} from './engine-loading.ts';
import {Engines, type FailedPlugin} from './engines.ts';
import {Garbage} from './garbage.ts';
import {HeldRegistry} from './held-registry.ts';
import {prepareHost, spawnHost} from './host-spawn.ts';
import {Hosts} from './hosts.ts';
import {Inventory} from './inventory.ts';
import {Jobs} from './jobs.ts';
import {Journal} from './journal.ts';
import {machineId} from './machine-id.ts';
import {LiveDirs} from './live-dirs.ts';
import {Outputs} from './outputs.ts';
import {PluginDeaths} from './plugin-deaths.ts';
import {toCarry} from './ports.ts';
import {Pulse} from './pulse.ts';
import {answer} from './queries.ts';
import {recover} from './recovery.ts';
import {helloOf, journalReport, registration} from './registration.ts';
import {Secrets} from './secrets.ts';
import {lockStateDir} from './state-lock.ts';
import {stdinTook} from './steps/stdin.ts';
import type {Parts} from './steps/index.ts';
import {Streams} from './streams.ts';
import {Terminals} from './terminals.ts';
import {tellAbout} from './tell-start.ts';

export type {Agent, AgentDeps} from './agent-deps.ts';

/** Starts the agent; resolves when it has read its journal and dials. `STATE_DIR_BUSY` if another one runs on this directory. */
export async function startAgent(config: AgentConfig, deps: AgentDeps): Promise<Agent> {
  const lock = lockStateDir(config.stateDir, 'agent', 'agent');
  try {
    const deaths = new PluginDeaths(config.stateDir);
    const found = findEngines(config.engines);
    const failed: FailedPlugin[] = [];
    const loaded = await loadAll(found, config.stateDir, deps.log, {onFailure: (module, error) => failed.push({module, error}), deaths});
    const displays = await openDisplays(config, {log: deps.log, deaths});
    const clock = deps.clock ?? new AgentClock();
    const journal = new Journal(config.stateDir, () => clock.nowMs());
    const machine = machineId(config.stateDir);
    const running = new RunningAgent({config, deps, lock, journal, machine, clock, deaths, found, displays}, loaded, failed);
    await running.start();
    return {status: () => running.status, close: () => running.close()};
  } catch (error) {
    lock.release();
    throw error;
  }
}

const FIRST_PROBE_MS = 3_000;
const END_HOST_MS = 1_000;

class RunningAgent {
  readonly #base: AgentBase;
  readonly #clock: FollowingClock;
  readonly #process = randomBytes(16).toString('hex');
  readonly #abort = new AbortController();
  readonly #connection: Connection;
  readonly #engines: Engines;
  readonly #parts: Parts;
  readonly #jobs: Jobs;
  readonly #inventory: Inventory;
  readonly #garbage: Garbage;
  readonly #pulse: Pulse;
  readonly #terminals: Terminals;
  readonly #files: BoxFiles;
  readonly #carried: CarriedStreams;
  #inventoryTimer: NodeJS.Timeout | undefined;

  constructor(base: AgentBase, loaded: readonly LoadedEngine[], failed: readonly FailedPlugin[]) {
    const {config, deps, journal, machine, clock} = base;
    this.#base = base;
    this.#clock = clock;
    this.#engines = new Engines(loaded, entry => this.#onEngine(entry.name, entry.probe.usable), failed);
    this.#connection = this.#connect();
    const connection = () => this.#connection;
    const streams = new Streams(connection);
    const onDelivered = (of: Parameters<Jobs['delivered']>[0]) => this.#quietly(this.#jobs.delivered(of));
    const outputs = new Outputs({stateDir: config.stateDir, connection, nextStream: streams.nextNumber, onDelivered});
    const host = this.#hosts();
    this.#parts = {
      engines: this.#engines,
      displays: base.displays,
      host,
      held: new HeldRegistry(host),
      secrets: new Secrets(connection),
      streams,
      outputs,
      live: new LiveDirs({engines: this.#engines, journal, machine, timing: deps.timing, stateDir: config.stateDir, log: deps.log}),
      journal,
      clock: this.#clock,
      timing: deps.timing,
      stateDir: config.stateDir,
      worker: {machine, name: config.name, floor: config.floor, server: config.url},
      send: message => this.#connection.send(message),
      log: deps.log,
      crash: deps.crash ?? (() => undefined),
    };
    this.#terminals = new Terminals({connection, host, held: this.#parts.held, journal, streams, send: this.#parts.send});
    this.#carried = new CarriedStreams({streams, connection});
    this.#files = new BoxFiles({...this.#parts, connection});
    this.#jobs = new Jobs(this.#parts, () => this.#pulse.beat(true));
    this.#inventory = new Inventory({engines: this.#engines, journal, machine, send: this.#parts.send, log: deps.log});
    this.#garbage = new Garbage(this.#parts, this.#inventory);
    this.#pulse = new Pulse({
      stateDir: config.stateDir,
      clock: this.#clock,
      journal,
      offlineAfter: deps.timing.offlineAfter,
      env: deps.env,
      log: deps.log,
      jobs: this.#jobs,
      inventory: this.#inventory,
      connection: this.#connection,
      garbage: this.#garbage,
      disk: deps.disk ?? figuresOf,
      onStateGone: () => deps.onStopped(new BoxyardError('NOT_FOUND', {what: 'state directory', name: config.stateDir})),
    });
  }

  get status(): string {
    return this.#connection.status;
  }

  async start(): Promise<void> {
    const {journal, deps} = this.#base;
    const wasClean = journal.meta('clean') === '1';
    await journal.setMeta('clean', '0');
    await this.#engines.probeAll(FIRST_PROBE_MS);
    this.#jobs.silentBefore = this.#pulse.silentMs;
    await recover({...this.#parts, jobs: this.#jobs, wasClean, signal: this.#abort.signal});
    this.#pulse.start(deps.timing.heartbeat);
    this.#connection.start();
    this.#engines.watch(Math.max(deps.timing.heartbeat, 1_000));
    this.#inventoryTimer = setInterval(() => this.#quietly(this.#inventory.tellAll(false)), deps.timing.heartbeat * 2);
    this.#garbage.start();
  }

  async close(): Promise<void> {
    const {journal, lock, deaths} = this.#base;
    this.#pulse.stop();
    clearInterval(this.#inventoryTimer);
    this.#abort.abort(new BoxyardError('INTERRUPTED'));
    this.#garbage.stop();
    this.#connection.close();
    this.#parts.outputs.close();
    await this.#parts.host.endIdle(END_HOST_MS);
    this.#parts.host.close();
    await journal.setMeta('clean', '1');
    journal.close();
    await this.#engines.close();
    deaths.close();
    lock.release();
  }

  #connect(): Connection {
    const {config, deps, journal, machine} = this.#base;
    const {url, credential, fingerprint} = config;
    const known = () => config.installation ?? journal.meta('installation');
    const hello = () => helloOf({journal, machine, process: this.#process, installation: known()});
    const refuse = (message: Extract<FromServer, {type: 'hello'}>) =>
      known() === undefined || known() === message.installation
        ? undefined
        : 'this is another server than the one this worker joined; everything is kept';
    return new Connection(
      {url, credential, fingerprint, env: deps.env, timing: deps.timing, bootMs: () => this.#clock.bootMs(), hello, refuse, log: deps.log},
      {
        open: message => this.#onOpen(message),
        message: message => this.#onMessage(message),
        unreadable: start =>
          this.#jobs.refuse(start, new BoxyardError('UNSUPPORTED', {what: 'a step of this job', by: `agent ${deps.version}`})),
        data: frame => this.#parts.streams.data(frame),
        heard: atBootMs => this.#pulse.heard(atBootMs),
        closed: () => {
          this.#pulse.closed();
          this.#parts.outputs.onClosed();
          this.#terminals.onClosed();
          this.#files.onClosed();
          this.#carried.onClosed();
        },
        stopped: deps.onStopped,
      },
    );
  }

  #hosts(): Hosts {
    const {config, deps, found} = this.#base;
    // What could not be loaded here is not tried there, where every job's streams are.
    const engines = found.filter(({module}) => this.#engines.entries.some(entry => entry.module === module));
    const program = prepareHost(config.stateDir, deps.hostProgram);
    const spawn = () => spawnHost(config.stateDir, program, deps.env);
    return new Hosts(
      {stateDir: config.stateDir, version: program.version, engines, spawnHost: spawn, log: deps.log},
      {
        state: state => this.#parts.held.update(state),
        terminal: message => {
          this.#parts.held.show(message, message.state);
          this.#terminals.changed(message, message.state);
        },
        progress: ({job, attempt, progress}) => this.#jobs.find(job, attempt)?.tellProgress(progress),
        view: (message, bytes) => this.#terminals.fromView(message, bytes),
        spooled: ({job, attempt, stream, settled}) => this.#parts.outputs.spooled({job, attempt}, stream, settled),
        stdinTook: message => this.#quietly(stdinTook(this.#base.journal, message)),
        lost: (error, held, during) => {
          deps.log('a session host is gone', {during});
          this.#parts.held.lost(error, held, during);
          this.#terminals.onLost(held);
        },
      },
    );
  }

  #onOpen(message: Extract<FromServer, {type: 'hello'}>): void {
    const {config, deps, journal} = this.#base;
    this.#clock.follow(message.clock);
    this.#quietly(journal.setMeta('epoch', String(message.epoch)));
    this.#quietly(journal.setMeta('installation', message.installation));
    this.#parts.send(registration(config, this.#parts, deps.version));
    this.#parts.send(journalReport(journal, message.epoch, this.#clock.nowMs()));
    this.#pulse.opened();
    this.#pulse.every(message.heartbeatMs);
    this.#jobs.onOpen();
    this.#parts.secrets.onOpen();
    this.#parts.outputs.onOpen();
    this.#terminals.onOpen();
    this.#parts.streams.onOpen();
    this.#quietly(this.#inventory.tellAll(true));
  }

  #onMessage(message: FromServer): void {
    const {secrets, outputs, streams, journal, send} = this.#parts;
    switch (message.type) {
      case 'job.start':
        if (message.stopAfterMs !== undefined) this.#pulse.noteTouch();
        return this.#quietly(this.#jobs.start(message));
      case 'job.cancel':
        return this.#quietly(this.#jobs.cancel(message));
      case 'job.stored':
        return this.#quietly(this.#jobs.stored(message));
      case 'job.superseded':
        return this.#quietly(this.#jobs.superseded(message));
      case 'job.secrets':
        return secrets.answer(message);
      case 'job.log':
        return this.#quietly(Promise.resolve(this.#jobs.find(message.job, message.attempt)?.log(message.text)));
      case 'job.have':
        return outputs.have(message);
      case 'job.ask':
        return tellAbout(journal, message).forEach(said => send(said));
      case 'journal.ask':
        return void send(journalReport(journal, Number(journal.meta('epoch') ?? '0'), this.#clock.nowMs()));
      case 'inventory.ask':
        return this.#quietly(this.#inventory.tellAll(true));
      case 'query':
        return this.#quietly(answer(message, this.#parts, this.#inventory).then(send));
      case 'stream.credit':
        return streams.credit(message.stream, message.bytes);
      case 'terminal.open':
      case 'terminal.input':
      case 'terminal.resize':
      case 'terminal.take':
      case 'terminal.redraw':
      case 'terminal.close':
        return this.#quietly(this.#terminals.on(message));
      case 'files.open':
        return this.#quietly(this.#files.open(message));
      case 'port.open':
      case 'display.view':
        return this.#quietly(this.#carried.open(toCarry(this.#parts, message)));
      case 'stream.end':
        return streams.end(message);
      default:
        return;
    }
  }

  #onEngine(name: string, isUsable: boolean): void {
    const {config, deps} = this.#base;
    this.#parts.send(registration(config, this.#parts, deps.version));
    if (isUsable) this.#quietly(this.#inventory.tell(name, true));
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) =>
      this.#base.deps.log('something failed', {error: error instanceof Error ? (error.stack ?? error.message) : String(error)}),
    );
  }
}
