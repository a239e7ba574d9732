import {connect, type Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError, fromWire, isBoxyardError} from '@boxyard/core/errors';
import {oneWritePerTurn, type Attempt} from '@boxyard/core/protocol';
import {hostSocketPath} from './session-host/socket-path.ts';
import {
  FrameReader,
  FromHostToAgent,
  HOST_OLDEST,
  HOST_VERSION,
  HeldState,
  HostLengths,
  HostList,
  ViewOpened,
  encodeFrame,
  type EngineToLoad,
  type FromAgentToHost,
} from './session-host/wire.ts';

export interface HostClientDeps {
  readonly stateDir: string;
  readonly version: string;
  readonly engines: readonly EngineToLoad[];
  /** Absent for one of other code: it is spoken to while it lives and never started. */
  readonly spawnHost?: () => void;
  readonly log: (message: string, fields?: object) => void;
  readonly startMs?: number;
}

export interface HostEvents {
  state(state: HeldState): void;
  spooled(message: Extract<FromHostToAgent, {type: 'spooled'}>): void;
  stdinTook(message: Extract<FromHostToAgent, {type: 'stdin.took'}>): void;
  terminal(message: Extract<FromHostToAgent, {type: 'terminal'}>): void;
  progress(message: Extract<FromHostToAgent, {type: 'progress'}>): void;
  view(message: FromView, bytes: Buffer): void;
  /** The session host is gone, and with it every stream it held. */
  lost(error: Error): void;
}

type WithoutId<T> = T extends {id: number} ? Omit<T, 'id'> : never;
type Request = WithoutId<FromAgentToHost>;
type Note = Extract<FromAgentToHost, {type: 'append' | 'stdin' | 'stdin.end' | 'forget'}>;
export type ViewNote = Extract<
  FromAgentToHost,
  {type: 'view.input' | 'view.size' | 'view.take' | 'view.redraw' | 'view.credit' | 'view.close'}
>;
export type FromView = Extract<FromHostToAgent, {view: number}>;
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How the agent speaks with one session host: starts it when first needed, finds a running one again, hears of its loss. */
export class HostClient {
  readonly #deps: HostClientDeps;
  readonly #events: HostEvents;
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | undefined;
  #gather: () => void = () => undefined;
  #connecting: Promise<Socket> | undefined;
  #id = 0;
  #isClosed = false;

  constructor(deps: HostClientDeps, events: HostEvents) {
    this.#deps = deps;
    this.#events = events;
  }

  /** What a running session host holds; undefined if there is none. Starts nothing. */
  async listIfAlive(): Promise<HeldState[] | undefined> {
    const socket = this.#socket ?? (await this.#dial().catch(() => undefined));
    if (!socket) return undefined;
    return HostList.parse(await this.#ask(socket, {type: 'list'})).held;
  }

  async start(message: Extract<Request, {type: 'run' | 'exec'}>): Promise<HeldState> {
    const socket = await this.#ensure();
    // Noted while it is read, so that an end told right behind it is not overtaken.
    return HeldState.parse(await this.#ask(socket, message, value => this.#events.state(HeldState.parse(value))));
  }

  async kill({job, attempt, slot}: {job: string; attempt: Attempt; slot: string}, graceMs: number): Promise<void> {
    if (this.#socket) await this.#ask(this.#socket, {type: 'kill', job, attempt, slot, graceMs});
  }

  async lengths(of: {job: string; attempt: Attempt}): Promise<HostLengths> {
    return HostLengths.parse(await this.#request({type: 'lengths', job: of.job, attempt: of.attempt}));
  }

  /** Needs a session host; starts one where none is. */
  async append(of: {job: string; attempt: Attempt}, text: string): Promise<void> {
    const socket = await this.#ensure();
    this.#gather();
    socket.write(encodeFrame({type: 'append', job: of.job, attempt: of.attempt, text} satisfies Note));
  }

  /**
   * Looks on at a terminal that a running session host holds; `NOT_FOUND` where there is none. `opened` is called before anything
   * that is said of the view behind it.
   */
  async view(message: Extract<Request, {type: 'view'}>, opened: (of: ViewOpened) => void): Promise<void> {
    if (!this.#socket) throw new BoxyardError('NOT_FOUND', {what: 'terminal', name: message.slot});
    await this.#ask(this.#socket, message, value => opened(ViewOpened.parse(value)));
  }

  /** False while no session host is there: the bytes were not taken. */
  note(message: Note | ViewNote, bytes?: Uint8Array): boolean {
    if (!this.#socket) return false;
    this.#gather();
    return this.#socket.write(encodeFrame(message, bytes)) || true;
  }

  get isAlive(): boolean {
    return this.#socket !== undefined;
  }

  /** Asks it to end as soon as it holds nothing. */
  async end(): Promise<void> {
    if (this.#socket) await this.#ask(this.#socket, {type: 'end'});
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.destroy();
  }

  async #request(message: Request): Promise<unknown> {
    return this.#ask(await this.#ensure(), message);
  }

  #ask(socket: Socket, message: Request, seen: (value: unknown) => void = () => undefined): Promise<unknown> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(hostLost());
      const settle = (value: unknown) => {
        try {
          seen(value);
          resolve(value);
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.set(id, {resolve: settle, reject});
      this.#gather();
      socket.write(encodeFrame({...message, id}));
    });
  }

  async #ensure(): Promise<Socket> {
    if (this.#isClosed) throw hostLost();
    // Also where the socket is there but not greeted yet: who came first is served first.
    if (this.#socket && !this.#connecting) return this.#socket;
    this.#connecting ??= this.#startAndDial().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #startAndDial(): Promise<Socket> {
    const alive = await this.#dial().catch(() => undefined);
    if (alive) return alive;
    if (!this.#deps.spawnHost) throw hostLost();
    this.#deps.spawnHost();
    const until = performance.now() + (this.#deps.startMs ?? 15_000);
    for (;;) {
      await delay(20);
      const socket = await this.#dial().catch((error: unknown) =>
        isBoxyardError(error) && !isHostLost(error) ? Promise.reject(error) : undefined,
      );
      if (socket) return socket;
      if (this.#isClosed) throw hostLost();
      if (performance.now() > until) throw new BoxyardError('INTERNAL', {}, {message: 'The session host did not start.'});
    }
  }

  async #dial(): Promise<Socket> {
    const socket = await open(hostSocketPath(this.#deps.stateDir, this.#deps.version));
    const reader = new FrameReader();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) this.#receive(frame.value, frame.bytes);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose(socket));
    this.#socket = socket;
    this.#gather = oneWritePerTurn(socket);
    try {
      await this.#ask(socket, {type: 'hello', oldest: HOST_OLDEST, newest: HOST_VERSION, engines: [...this.#deps.engines]});
      return socket;
    } catch (error) {
      this.#socket = undefined;
      socket.destroy();
      throw error;
    }
  }

  #onClose(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (!this.#isClosed) this.#events.lost(hostLost());
    for (const one of waiting) one.reject(hostLost());
  }

  #receive(value: unknown, bytes: Buffer): void {
    const parsed = FromHostToAgent.safeParse(value);
    if (!parsed.success) return this.#deps.log('the session host said something unknown', {value});
    const message = parsed.data;
    if (message.type === 'reply') return this.#settle(message);
    if (message.type === 'state') return this.#events.state(message.of);
    if (message.type === 'spooled') return this.#events.spooled(message);
    if (message.type === 'stdin.took') return this.#events.stdinTook(message);
    if (message.type === 'terminal') return this.#events.terminal(message);
    if (message.type === 'progress') return this.#events.progress(message);
    this.#events.view(message, bytes);
  }

  #settle(reply: Extract<FromHostToAgent, {type: 'reply'}>): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.error) waiting?.reject(fromWire(reply.error));
    else waiting?.resolve(reply.value);
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

const lost = Symbol('session host lost');
const hostLost = () => new BoxyardError('INTERNAL', {}, {message: 'The session host ended.', cause: lost});

/** The call may be made again: a new session host is started for it. */
export const isHostLost = (error: unknown): boolean => error instanceof Error && error.cause === lost;
