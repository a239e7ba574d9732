import {randomBytes} from 'node:crypto';
import type {JobView, TerminalFromClient, TerminalToClient} from '../api/index.ts';
import {routes} from '../api/routes.ts';
import {BoxyardError, fromWire} from '../errors/index.ts';
import type {TerminalSize} from '../protocol/index.ts';
import {backoff} from './backoff.ts';
import {isFinalAnswer} from './final.ts';
import type {Link} from './link.ts';
import {queryOf} from './query.ts';
import {openSocket, type Socket} from './socket.ts';
import {Typed} from './typed.ts';

export interface TerminalOptions {
  readonly job: string;
  readonly size: TerminalSize;
  /** Lines wanted above the first screen. Default none. */
  readonly history?: number | undefined;
  /** Only looks on. */
  readonly isReadonly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Called in order, none after `close` or once `ended` has settled. */
export interface TerminalHandlers {
  /** What was shown does not count any more: the bytes that follow draw a cleared screen of this size. */
  screen(size: TerminalSize): void;
  /** `shown` is called when they are on the screen; until then few more come. */
  bytes(bytes: Uint8Array, shown: () => void): void;
  /** Whether what is typed here counts, and the size of the session. */
  control(state: {readonly controls: boolean; readonly mayType: boolean; readonly size: TerminalSize}): void;
  job(job: JobView): void;
  online(): void;
  /** The connection is lost, or the worker is away; it is tried again until `close`. */
  offline(error: unknown): void;
}

export interface TerminalClient {
  /** The command's end. Rejects with what cannot be helped by trying again; with the signal's reason; with `INTERRUPTED` after `close`. */
  readonly ended: Promise<JobView>;
  /** How much of the session's output was given, as it was or as a redraw; undefined where nothing was. */
  readonly has: number | undefined;
  /** Applied once, whatever happens to connections in between; false where too much is waiting and it was dropped. */
  type(bytes: Uint8Array): boolean;
  resize(size: TerminalSize): void;
  /** What is typed here counts from now on, and the size is this one's. */
  take(): void;
  /** What the session sent is not what is shown: it is drawn anew, at once or with the next connection. */
  redraw(): void;
  /** Stops looking on; the command goes on. */
  close(): void;
}

const WINDOW = 1024 * 1024;
/** Credit is given back in pieces of this: a message for every keystroke's echo would double the traffic. */
const GIVEN_BACK = WINDOW / 16;
const HEADER = 8;

export function createTerminal(link: Link, options: TerminalOptions, handlers: TerminalHandlers): TerminalClient {
  const viewing = new Viewing(link, options, handlers);
  const stop = () => viewing.end(options.signal?.reason);
  options.signal?.addEventListener('abort', stop, {once: true});
  if (options.signal?.aborted === true) stop();
  else void viewing.run().catch((error: unknown) => viewing.end(error));
  const forget = () => options.signal?.removeEventListener('abort', stop);
  viewing.ended.then(forget, forget);
  return {
    ended: viewing.ended,
    get has() {
      return viewing.has;
    },
    type: bytes => viewing.type(bytes),
    resize: size => viewing.resize(size),
    take: () => viewing.say({type: 'take'}),
    redraw: () => viewing.redraw(),
    close: () => viewing.end(new BoxyardError('INTERRUPTED')),
  };
}

class Viewing {
  readonly ended: Promise<JobView>;
  readonly #link: Link;
  readonly #options: TerminalOptions;
  readonly #handlers: TerminalHandlers;
  readonly #viewer = randomBytes(18).toString('base64url');
  readonly #typed = new Typed();
  readonly #stop = new AbortController();
  readonly #end = Promise.withResolvers<JobView>();
  #socket: Socket | undefined;
  #size: TerminalSize;
  #session: TerminalSize;
  #mayType = false;
  #onOnline: () => void = () => undefined;
  #isOpened = false;
  #has: number | undefined;
  #received = 0;
  #screens: Extract<TerminalToClient, {type: 'screen'}>[] = [];
  #drawing = 0;
  #shown = 0;

  constructor(link: Link, options: TerminalOptions, handlers: TerminalHandlers) {
    this.#link = link;
    this.#options = options;
    this.#handlers = handlers;
    this.#size = options.size;
    this.#session = options.size;
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined);
  }

  get has(): number | undefined {
    return this.#has;
  }

  async run(): Promise<void> {
    const wait = backoff(this.#stop.signal);
    while (!this.#stop.signal.aborted) {
      try {
        this.#onOnline = () => wait.reset();
        await this.#connect();
      } catch (error) {
        if (isFinalAnswer(error)) throw error;
        if (!this.#stop.signal.aborted) this.#handlers.offline(error);
      }
      if (!this.#stop.signal.aborted) await wait.next();
    }
  }

  end(error: unknown): void {
    this.#end.reject(error);
    this.#stop.abort();
    this.#socket?.close();
  }

  type(bytes: Uint8Array): boolean {
    const from = this.#typed.end;
    if (!this.#typed.push(bytes)) return false;
    if (this.#isOpened) this.#send(from);
    return true;
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.say({type: 'resize', columns: size.columns, rows: size.rows});
  }

  redraw(): void {
    this.#has = undefined;
    this.say({type: 'redraw'});
  }

  say(message: TerminalFromClient): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** Rejects when the connection is over, unless the command is. */
  async #connect(): Promise<void> {
    const {job, history, isReadonly} = this.#options;
    // What was drawn at another size is not what a session of this size shows.
    if (this.#session.columns !== this.#size.columns || this.#session.rows !== this.#size.rows) this.#has = undefined;
    const query = {
      viewer: this.#viewer,
      ...this.#size,
      has: this.#has,
      history: this.#has === undefined ? history : undefined,
      ...(isReadonly === true ? {readonly: 'true'} : {}),
    };
    const path = routes.jobsTerminal.path.replace(':job', encodeURIComponent(job)) + queryOf(query);
    this.#received = 0;
    this.#screens = [];
    this.#shown = 0;
    let isOver = false;
    // What a connection that was given up still brings is not for the next one.
    const isCurrent = (from: Socket) => {
      if (isOver || this.#stop.signal.aborted) return false;
      // A busy client may get the first messages before it hears that the connection is open.
      this.#socket = from;
      return true;
    };
    const socket = await openSocket(this.#link, path, {
      text: (text, from) => isCurrent(from) && this.#on(JSON.parse(text) as TerminalToClient, from),
      bytes: (frame, from) => isCurrent(from) && this.#bytes(Number(frame.readBigUInt64BE(0)), frame.subarray(HEADER), from),
    });
    if (this.#stop.signal.aborted) return socket.close();
    this.#socket = socket;
    this.say({type: 'credit', bytes: WINDOW});
    try {
      await socket.closed;
    } finally {
      isOver = true;
      this.#socket = undefined;
      this.#isOpened = false;
      // Half a screen is none.
      if (this.#drawing > 0) this.#has = undefined;
      this.#drawing = 0;
    }
    if (!this.#stop.signal.aborted) throw this.#link.unreachable(new Error('the connection was lost'));
  }

  #on(message: TerminalToClient, socket: Socket): void {
    switch (message.type) {
      case 'job':
        return this.#handlers.job(message.job);
      case 'opened':
        return this.#onOpened(message);
      case 'screen':
        return this.#onScreen(message);
      case 'took':
        return this.#typed.took(message.input);
      case 'control':
        return this.#handlers.control({controls: message.controls, mayType: this.#mayType, size: this.#session});
      case 'away':
        return this.#handlers.offline(fromWire(message.error));
      case 'end':
        this.#end.resolve(message.job);
        return this.#stop.abort();
      case 'error':
        return socket.fail(fromWire(message.error));
    }
  }

  #onOpened({input, controls, mayType, columns, rows}: Extract<TerminalToClient, {type: 'opened'}>): void {
    this.#isOpened = true;
    this.#mayType = mayType;
    this.#session = {columns, rows};
    this.#typed.took(input);
    this.#onOnline();
    this.#handlers.online();
    this.#handlers.control({controls, mayType, size: this.#session});
    this.#send(input);
  }

  #onScreen(screen: Extract<TerminalToClient, {type: 'screen'}>): void {
    const last = this.#screens.at(-1);
    if (screen.at < (last?.at ?? this.#received) || screen.at > this.#received + WINDOW)
      throw new BoxyardError(
        'INTERNAL',
        {},
        {message: `A screen was announced at byte ${screen.at} of a stream that is at ${this.#received}.`},
      );
    // Drawn anew before its first byte was sent.
    if (last?.at === screen.at) this.#screens.pop();
    this.#screens.push(screen);
  }

  #send(from: number): void {
    for (const {offset, bytes} of this.#typed.from(from)) this.say({type: 'input', offset, data: bytes.toString('base64')});
  }

  #bytes(offset: number, bytes: Buffer, socket: Socket): void {
    if (offset !== this.#received)
      throw new BoxyardError('INTERNAL', {}, {message: `Output at byte ${offset} came where ${this.#received} was next.`});
    for (let rest = bytes; rest.length > 0;) {
      this.#begin();
      const next = this.#screens[0]?.at ?? Number.POSITIVE_INFINITY;
      const most = next - this.#received;
      const part = rest.subarray(0, this.#drawing > 0 ? Math.min(this.#drawing, most) : most);
      rest = rest.subarray(part.length);
      this.#received += part.length;
      if (this.#drawing > 0) this.#drawing -= part.length;
      else if (this.#has !== undefined) this.#has += part.length;
      this.#handlers.bytes(part, () => this.#giveBack(part.length, socket));
    }
    this.#begin();
  }

  #giveBack(bytes: number, socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#shown += bytes;
    if (this.#shown < GIVEN_BACK) return;
    this.say({type: 'credit', bytes: this.#shown});
    this.#shown = 0;
  }

  /** A screen that begins at this byte; one that was being drawn is not finished then. */
  #begin(): void {
    const screen = this.#screens[0];
    if (screen === undefined || screen.at !== this.#received) return;
    this.#screens.shift();
    this.#drawing = screen.bytes;
    this.#has = screen.output;
    this.#session = {columns: screen.columns, rows: screen.rows};
    this.#handlers.screen(this.#session);
  }
}
