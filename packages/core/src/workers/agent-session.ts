import {newId} from '../config/index.ts';
import {BoxyardError, fromWire, isBoxyardError} from '../errors/index.ts';
import {type DataFrame, type FromAgent, OWN_RANGE, agreeOnVersion, type Query} from '../protocol/index.ts';
import type {AgentLink} from './agent-link.ts';
import {BoxFileStreams} from './hub-box-files.ts';
import {FileFrames} from './hub-files.ts';
import {Inventories} from './hub-inventory.ts';
import {onRefused, onResult, onSecrets, onTerminalState, onUpdate, type JobFrameDeps} from './hub-jobs.ts';
import {onJournal} from './hub-journal.ts';
import {OutputFrames} from './hub-output.ts';
import {Delivery} from './hub-outbox.ts';
import {OpenedStreams} from './hub-streams.ts';
import type {HubDeps} from './hub-deps.ts';
import {learnImages, onHeartbeat, onRegister} from './hub-register.ts';
import {onTold} from './recover-job.ts';
import {boundedId} from './rules-registration.ts';

export interface SessionDeps extends HubDeps {
  admit(session: AgentSession): Promise<'in' | 'duplicate'>;
  onReady(session: AgentSession): void;
  /** Whether a newer session of the worker is there. */
  onGone(session: AgentSession): boolean;
}

type Message<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;

const helloWithinMs = 10_000;
const retryMs = 250;

/** One agent from hello to close: hands each frame to the file of its family. */
export class AgentSession {
  readonly link: AgentLink;
  readonly #deps: SessionDeps;
  readonly #jobs: JobFrameDeps;
  readonly #output: OutputFrames;
  readonly #files: FileFrames;
  readonly files: BoxFileStreams;
  readonly streams: OpenedStreams;
  readonly #inventories: Inventories;
  readonly #delivery: Delivery;
  readonly #queries = new Map<string, {resolve(value: unknown): void; reject(error: Error): void}>();
  readonly #helloTimer: NodeJS.Timeout;
  #state: 'new' | 'greeting' | 'ready' = 'new';
  /** It counts as the worker's connection, and has to be told as gone. */
  #isIn = false;
  #readyAt = 0;
  #onJournal: (() => void) | undefined;

  constructor(link: AgentLink, deps: SessionDeps) {
    this.link = link;
    this.#deps = deps;
    const onFault = (error: unknown) => deps.onFault(error, link.identity.name);
    this.#jobs = {
      store: deps.store,
      secrets: deps.secrets,
      blobs: deps.blobs,
      reportSecrets: deps.reportSecrets,
      onProgress: deps.onProgress,
    };
    this.#output = new OutputFrames(link, deps);
    this.#files = new FileFrames(link, deps);
    this.files = new BoxFileStreams(link);
    this.streams = new OpenedStreams(link);
    this.#inventories = new Inventories(link, {store: deps.store, workers: deps.workers, onWorker: record => void deps.table.set(record)});
    this.#delivery = new Delivery(link, {store: deps.store, outboxes: deps.outboxes, start: deps.start, onFault});
    this.#helloTimer = setTimeout(() => link.close(1002, 'no hello'), helloWithinMs);
  }

  start(): void {
    this.link.start({
      onMessage: message => (message.type === 'hello' ? this.#onHello(message) : this.#untilStored(() => this.#onMessage(message))),
      onData: frame => this.#onData(frame),
      onClose: why => this.#onClose(why),
      onFault: error => this.#deps.onFault(error, this.link.identity.name),
    });
  }

  /** Whether the agent hears what it is sent. */
  get isGreeted(): boolean {
    return this.#state === 'ready';
  }

  ring(): void {
    if (this.#state === 'ready') this.#delivery.ring();
  }

  ask(id: string, of: Query): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(id, entry => entry.reject(new BoxyardError('REQUEST_TIMEOUT', {seconds: this.#deps.timing.query / 1_000}))),
        this.#deps.timing.query,
      );
      this.#queries.set(id, {
        resolve: value => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: error => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.link.send({type: 'query', query: id, of});
    });
  }

  askJournal(withinMs: number): Promise<void> {
    this.#readyAt = this.#deps.store.rim.clock.now();
    return new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs);
      this.#onJournal = () => {
        clearTimeout(timer);
        resolve();
      };
      this.link.send({type: 'journal.ask'});
    }).then(() => this.#delivery.restart());
  }

  /**
   * An agent says things once per connection. What Redis could not take is tried again until it can or the agent is gone,
   * which then says it again; the socket rests meanwhile (`mostInFlight`).
   */
  async #untilStored(handle: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await handle();
      } catch (error) {
        const isAway = isBoxyardError(error) && error.code === 'REDIS_UNAVAILABLE';
        if (!isAway || !this.link.isOpen) throw error;
      }
      await new Promise(resolve => setTimeout(resolve, retryMs));
    }
  }

  async #onMessage(message: FromAgent): Promise<void> {
    if (this.#state !== 'ready') return;
    const {link} = this;
    switch (message.type) {
      case 'worker.register':
        await onRegister(this.#deps, link, message);
        return learnImages(this.#deps, link, await this.ask(newId('e'), {ask: 'images.list'}).catch(() => undefined));
      case 'worker.heartbeat':
        return onHeartbeat(this.#deps, link, message);
      case 'worker.inventory':
        return this.#inventories.page(message);
      case 'worker.journal':
        await onJournal(this.#deps.store, link, message, this.#readyAt);
        return this.#onJournal?.();
      case 'worker.sleeping':
        return this.#deps.presence.sleeping(link.identity.worker, message.state === 'going-to-sleep');
      case 'outbox.done':
        return this.#deps.outboxes.done(link.identity.worker, message.upTo);
      case 'query.answer':
        return this.#onAnswer(message);
      default:
        return this.#onJobMessage(message);
    }
  }

  async #onJobMessage(message: FromAgent): Promise<void> {
    const {link} = this;
    switch (message.type) {
      case 'job.update':
        return onUpdate(this.#jobs, link, message);
      case 'job.result':
        await onResult(this.#jobs, link, message);
        return this.#output.sealed(message.attempt, message.logEnd);
      case 'job.told':
        return onTold(this.#deps.store, link, message);
      case 'job.refused':
        return onRefused(this.#jobs, link, message);
      case 'job.secrets':
        return onSecrets(this.#jobs, link, message);
      case 'output.open':
        return this.#output.open(message);
      case 'output.gap':
        return this.#output.gap(message);
      case 'file.get':
        return this.#files.get(message);
      case 'file.put':
        return this.#files.put(message);
      case 'stream.credit':
        if (this.files.has(message.stream)) return this.files.onCredit(message);
        return this.streams.has(message.stream) ? this.streams.credit(message) : this.#files.credit(message);
      case 'stream.end':
        if (this.files.has(message.stream)) return this.files.onEnd(message);
        return this.streams.has(message.stream) ? this.streams.end(message) : this.#files.end(message);
      case 'files.opened':
        return this.files.onOpened(message);
      case 'terminal.opened':
      case 'terminal.screen':
      case 'terminal.took':
      case 'terminal.control':
      case 'port.opened':
      case 'display.opened':
        return this.streams.answer(message);
      case 'terminal.state':
        return onTerminalState(this.#jobs, link, message);
      default:
        return undefined;
    }
  }

  async #onData(frame: DataFrame): Promise<void> {
    if (this.files.has(frame.stream)) return this.files.onData(frame);
    if (this.streams.has(frame.stream)) return this.streams.data(frame);
    return this.#output.has(frame.stream) ? this.#output.data(frame) : this.#files.data(frame);
  }

  async #onHello(message: Message<'hello'>): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'greeting';
    clearTimeout(this.#helloTimer);
    const {link} = this;
    const protocol = agreeOnVersion(message.protocol);
    if (protocol === undefined) {
      const error = new BoxyardError('PROTOCOL_MISMATCH', {server: OWN_RANGE.newest, worker: message.protocol.newest});
      return link.close(4426, error.message.slice(0, 120));
    }
    Object.assign(link, {process: boundedId(message.process), machine: boundedId(message.machine), boot: boundedId(message.boot)});
    try {
      await this.#enter(message, protocol);
    } catch (error) {
      // Redis is away: the agent backs off and comes again (R16).
      link.close(1013, 'try again later');
      throw error;
    }
  }

  async #enter(message: Message<'hello'>, protocol: number): Promise<void> {
    const {link} = this;
    const {identity} = link;
    if ((await this.#deps.admit(this)) === 'duplicate') return link.close(4409, 'duplicate_agent');
    const {store, timing, start} = this.#deps;
    const {worker, tenant, name, labels} = identity;
    this.#deps.table.set(await this.#deps.workers.ensure({id: worker, tenant, name, labels}));
    link.epoch = await this.#deps.leases.take(identity.worker, message.epoch);
    const now = store.rim.clock.now();
    this.#readyAt = now;
    if (!link.isOpen) return;
    this.#deps.onReady(this);
    this.#isIn = true;
    await this.#deps.presence.connected(
      identity.worker,
      {process: link.process, machine: link.machine, boot: link.boot, epoch: link.epoch, at: now},
      {clockSkewMs: Math.round(message.clock - now)},
    );
    link.send({
      type: 'hello',
      protocol,
      installation: start.installation,
      tenant: identity.tenant,
      worker: identity.worker,
      epoch: link.epoch,
      clock: now,
      heartbeatMs: timing.heartbeat,
      lostAfterMs: timing.lostAfter,
    });
    // Not before: an agent does not hear what comes ahead of its greeting.
    this.#state = 'ready';
    this.#delivery.ring();
  }

  #onAnswer(message: Message<'query.answer'>): void {
    const {error} = message;
    this.#settle(message.query, entry =>
      error === undefined
        ? entry.resolve(message.value)
        : entry.reject(fromWire({code: error.code, message: error.message, hint: error.hint, details: error.details})),
    );
  }

  #settle(id: string, use: (entry: {resolve(value: unknown): void; reject(error: Error): void}) => void): void {
    const entry = this.#queries.get(id);
    this.#queries.delete(id);
    if (entry !== undefined) use(entry);
  }

  #onClose(why: string): void {
    clearTimeout(this.#helloTimer);
    this.#files.close();
    this.files.close();
    this.streams.close();
    const {worker, name} = this.link.identity;
    for (const id of this.#queries.keys()) this.#settle(id, entry => entry.reject(new BoxyardError('WORKER_OFFLINE', {worker: name})));
    this.#onJournal?.();
    const hasSuccessor = this.#deps.onGone(this);
    if (!this.#isIn || hasSuccessor) return;
    const gone = async () => {
      await this.#deps.presence.disconnected(worker, this.link.epoch, why);
      await this.#deps.leases.leave(worker, this.link.epoch);
    };
    // Where Redis is away, the next sweep finds it.
    void gone().catch((error: unknown) => this.#deps.onFault(error, name));
  }
}
