import {existsSync} from 'node:fs';
import type {Socket} from 'node:net';
import {BoxyardError, asBoxyardError, toWire} from '@boxyard/core/errors';
import type {LoadedEngine} from '@boxyard/core/plugin-host';
import type {Engine} from '@boxyard/core/plugin-api';
import {oneWritePerTurn, type Attempt} from '@boxyard/core/protocol';
import {DiskRoom} from './disk-room.ts';
import {FoundBoxes} from './found-boxes.ts';
import {Held, type HeldDeps} from './held.ts';
import {JobOutput} from './job-output.ts';
import {HostViews} from './host-views.ts';
import {Spool, spoolCaps, spoolDir, type SpoolCaps} from './spool.ts';
import {
  FrameReader,
  FromAgentToHost,
  HOST_OLDEST,
  HOST_VERSION,
  encodeFrame,
  type EngineToLoad,
  type Frame,
  type FromHostToAgent,
} from './wire.ts';

export interface SessionHostDeps {
  readonly stateDir: string;
  readonly loadEngine: (engine: EngineToLoad) => Promise<LoadedEngine | undefined>;
  readonly log: (message: string, fields?: object) => void;
  /** What is done for a job, and what comes of it. */
  readonly during: <T>(job: string, work: () => T) => T;
  /** Empty for this long: it ends. */
  readonly idleMs: number;
  readonly onEnd: () => void;
  readonly caps?: SpoolCaps;
}

interface ConnectedAgent {
  /** Gathers the frames of one turn. */
  readonly gather: () => void;
  readonly views: HostViews;
}

type Of<T extends FromAgentToHost['type']> = Extract<FromAgentToHost, {type: T}>;
const jobKey = (of: {job: string; attempt: Attempt}) => `${of.job}.${of.attempt.number}.${of.attempt.id}`;

/**
 * Holds the streams of every program the agent started, and spools them. Agents come and go; any number may be connected,
 * and all hear everything. It ends when it held nothing for `idleMs`, when told to, or when its state directory is gone.
 */
export class SessionHost {
  readonly #deps: SessionHostDeps;
  readonly #engines = new Map<string, Promise<LoadedEngine | undefined>>();
  readonly #outputs = new Map<string, JobOutput>();
  readonly #held = new Map<string, Held>();
  readonly #found = new FoundBoxes();
  readonly #agents = new Map<Socket, ConnectedAgent>();
  readonly #room: DiskRoom;
  readonly #timer: NodeJS.Timeout;
  #emptySince = performance.now();
  #isTold = false;

  constructor(deps: SessionHostDeps) {
    this.#deps = deps;
    this.#room = new DiskRoom(deps.stateDir);
    this.#timer = setInterval(() => this.#endIfEmpty(), Math.max(50, Math.min(deps.idleMs / 4, 5_000)));
  }

  /** Takes over a connected agent's socket. */
  serve(socket: Socket): void {
    const reader = new FrameReader();
    const gather = oneWritePerTurn(socket);
    this.#agents.set(socket, {gather, views: new HostViews(socket, gather)});
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(socket, frame);
      } catch (error) {
        this.#deps.log('an agent sent what is no frame', {error: String(error)});
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#agents.get(socket)?.views.close();
      this.#agents.delete(socket);
    });
  }

  close(): void {
    clearInterval(this.#timer);
    for (const held of this.#held.values()) held.abandon();
    for (const output of this.#outputs.values()) output.close();
    for (const socket of this.#agents.keys()) socket.destroy();
  }

  #receive(socket: Socket, frame: Frame): void {
    const parsed = FromAgentToHost.safeParse(frame.value);
    const id = (frame.value as {id?: number}).id;
    if (!parsed.success) {
      if (id !== undefined)
        this.#reply(socket, id, {error: new BoxyardError('UNSUPPORTED', {what: 'this message', by: 'the session host'})});
      return;
    }
    const message = parsed.data;
    if (message.type === 'view') return this.#view(socket, message);
    void this.#handle(socket, message, frame.bytes).then(
      value => {
        if ('id' in message) this.#reply(socket, message.id, {value});
      },
      (error: unknown) => {
        if ('id' in message) this.#reply(socket, message.id, {error: asBoxyardError(error)});
        else this.#deps.log('a message failed', {type: message.type, error: String(error)});
      },
    );
  }

  /** Answered at once: what changes for this view, even by the next message, is told after it. */
  #view(socket: Socket, message: Extract<FromAgentToHost, {type: 'view'}>): void {
    try {
      const value = this.#agents.get(socket)?.views.open(this.#find(message)?.terminal, message);
      this.#reply(socket, message.id, {value});
    } catch (error) {
      this.#reply(socket, message.id, {error: asBoxyardError(error)});
    }
  }

  // Up to its first wait each handler runs in the order of arrival, which is what stdin and append rely on.
  async #handle(socket: Socket, message: Exclude<FromAgentToHost, {type: 'view'}>, bytes: Buffer): Promise<unknown> {
    switch (message.type) {
      case 'view.input':
      case 'view.size':
      case 'view.take':
      case 'view.redraw':
      case 'view.credit':
      case 'view.close':
        return this.#agents.get(socket)?.views.on(message, bytes);
      case 'hello':
        return this.#hello(message);
      case 'run':
      case 'exec':
        return this.#start(message);
      case 'kill':
        return this.#find(message)?.kill(message.graceMs);
      case 'append':
        return this.#outputOf(message).write('log', Buffer.from(message.text));
      case 'stdin':
        return this.#find(message)?.stdin?.push(message.offset, bytes);
      case 'stdin.end':
        return this.#endStdin(message);
      case 'lengths':
        return this.#lengths(message);
      case 'list':
        return {held: [...this.#held.values()].map(held => held.state)};
      case 'forget':
        return this.#forget(message);
      case 'end':
        this.#isTold = true;
        return this.#endIfEmpty();
    }
  }

  #hello(message: Of<'hello'>): {version: number; pid: number} {
    if (message.newest < HOST_OLDEST || message.oldest > HOST_VERSION)
      throw new BoxyardError('PROTOCOL_MISMATCH', {
        server: `${HOST_OLDEST}-${HOST_VERSION}`,
        worker: `${message.oldest}-${message.newest}`,
      });
    for (const setting of message.engines) {
      const key = JSON.stringify(setting);
      if (!this.#engines.has(key)) this.#engines.set(key, this.#load(key, setting));
    }
    this.#isTold = false;
    this.#emptySince = performance.now();
    return {version: Math.min(HOST_VERSION, message.newest), pid: process.pid};
  }

  /** A plugin that does not load now is tried again at the next hello. */
  async #load(key: string, setting: EngineToLoad): Promise<LoadedEngine | undefined> {
    const loaded = await this.#deps.loadEngine(setting).catch(() => undefined);
    if (!loaded) this.#engines.delete(key);
    return loaded;
  }

  async #engine(name: string): Promise<Engine> {
    const loaded = await Promise.all(this.#engines.values());
    const found = loaded.findLast(one => one?.name === name);
    if (!found) throw new BoxyardError('ENGINE_UNAVAILABLE', {engine: name});
    return found.engine;
  }

  async #start(message: Of<'run'> | Of<'exec'>): Promise<unknown> {
    const engine = await this.#engine(message.engine);
    const known = this.#find(message);
    // A main process that could not be started may be tried again: what the engine did or not is seen from its box.
    const held = known && !(known.state.is === 'failed' && message.type === 'run') ? known : this.#hold(message, engine);
    await held.started;
    return held;
  }

  #hold(message: Of<'run'> | Of<'exec'>, engine: Engine): Held {
    const {job, attempt, slot} = message;
    const deps: HeldDeps = {
      engine,
      found: this.#found,
      output: this.#outputOf(message),
      spoolDir: spoolDir(this.#deps.stateDir, job, attempt),
      onState: state => this.#tell({type: 'state', of: state}),
      onTerminal: state => this.#tell({type: 'terminal', job, attempt, slot, state}),
      onStdin: (offset, done) => this.#tell({type: 'stdin.took', job, attempt, slot, offset, done}),
    };
    const held = this.#deps.during(job, () => new Held(message, deps));
    this.#held.set(`${jobKey(message)}.${slot}`, held);
    return held;
  }

  #endStdin(message: Of<'stdin.end'>): void | Promise<void> {
    const held = this.#find(message);
    if (message.interrupted) return held?.kill(0);
    held?.stdin?.end(message.length);
  }

  #lengths(of: {job: string; attempt: Attempt}): object {
    const output = this.#outputOf(of);
    if (![...this.#held.values()].some(held => held.job === of.job && !held.hasEnded)) output.flush();
    return {lengths: output.lengths, gaps: output.gaps};
  }

  #forget(of: {job: string; attempt: Attempt}): void {
    const key = jobKey(of);
    for (const [name, held] of this.#held) {
      if (!name.startsWith(`${key}.`)) continue;
      held.abandon();
      this.#held.delete(name);
    }
    this.#outputs.get(key)?.close();
    this.#outputs.delete(key);
    this.#emptySince = performance.now();
  }

  #find(of: {job: string; attempt: Attempt; slot: string}): Held | undefined {
    return this.#held.get(`${jobKey(of)}.${of.slot}`);
  }

  #outputOf(of: {job: string; attempt: Attempt}): JobOutput {
    const known = this.#outputs.get(jobKey(of));
    if (known) return known;
    const spool = new Spool(spoolDir(this.#deps.stateDir, of.job, of.attempt), this.#deps.caps ?? spoolCaps, this.#room);
    const {job, attempt} = of;
    const made = new JobOutput({job, attempt}, spool, {
      onSpooled: (stream, length, settled) => this.#tell({type: 'spooled', job, attempt, stream, length, settled}),
      onProgress: progress => this.#tell({type: 'progress', job, attempt, progress}),
    });
    this.#outputs.set(jobKey(of), made);
    return made;
  }

  #tell(message: FromHostToAgent): void {
    const frame = encodeFrame(message);
    for (const [agent, {gather}] of this.#agents) {
      gather();
      agent.write(frame);
    }
  }

  #reply(socket: Socket, id: number, result: {value?: unknown; error?: BoxyardError}): void {
    const error = result.error && toWire(result.error);
    // Its state as of now, not as of when it was asked for: what follows on the socket is newer than what went before.
    const value = result.value instanceof Held ? result.value.state : result.value;
    if (!socket.writable) return;
    this.#agents.get(socket)?.gather();
    socket.write(encodeFrame({type: 'reply', id, value, error}));
  }

  #endIfEmpty(): void {
    const isGone = !existsSync(this.#deps.stateDir);
    const isBusy = [...this.#held.values()].some(held => !held.hasEnded);
    if (isBusy) this.#emptySince = performance.now();
    const isDue = performance.now() - this.#emptySince >= this.#deps.idleMs;
    if (isGone || (!isBusy && (this.#isTold || isDue))) this.#deps.onEnd();
  }
}
