import type {Readable, Writable} from 'node:stream';
import type {JobView} from '@boxyard/core/api';
import type {TerminalClient, TerminalHandlers, TerminalOptions} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import type {TerminalSize} from '@boxyard/core/protocol';
import {Leader, terminalCommands, type LeaderCommand} from './leader.ts';
import {PassedThrough} from './passed-through.ts';
import type {Picture} from './picture.ts';

export interface LocalTerminal {
  readonly stdin: Readable & {setRawMode?(on: boolean): unknown};
  readonly stdout: Writable & {readonly columns?: number; readonly rows?: number};
}

export interface TerminalViewOptions {
  readonly local: LocalTerminal;
  readonly job: string;
  /** `ctrl-q`. */
  readonly leader: string;
  readonly isReadonly: boolean;
  /** Loaded by whoever composes: only a terminal of another size needs it. */
  readonly Picture: new (session: TerminalSize, window: TerminalSize) => Picture;
  /** The session's output from there on, of one that has ended. */
  readonly output: (from: number) => AsyncIterable<Uint8Array>;
  readonly open: (options: TerminalOptions, handlers: TerminalHandlers) => TerminalClient;
  readonly signal?: AbortSignal | undefined;
}

export type TerminalLeft = {readonly how: 'detached'} | {readonly how: 'ended'; readonly job: JobView};

/** A break shorter than this is not worth a word. */
const BREAK_MS = 1_000;
const COVER_MS = 4_000;
const FRAME_MS = 33;
/** Of the output of a command that had ended before anything of it was shown. */
const MOST_REST = 64 * 1024;
/** For one piece of it. */
const TAKE_MS = 1_000;

/**
 * Makes the person's terminal a window on a session until the command ends, the person detaches, or the signal aborts. The
 * terminal is given back as it was, whatever happens. Rejects with what ended it otherwise.
 */
export async function viewTerminal(options: TerminalViewOptions): Promise<TerminalLeft> {
  const view = new TerminalView(options);
  try {
    return await view.run();
  } finally {
    view.leave();
  }
}

class TerminalView implements TerminalHandlers {
  readonly #options: TerminalViewOptions;
  readonly #leader: Leader;
  readonly #passed = new PassedThrough();
  readonly #detached = Promise.withResolvers<TerminalLeft>();
  readonly #onInput = (bytes: Buffer) => this.#typed(bytes);
  readonly #onResize = () => this.#resized();
  #client: TerminalClient | undefined;
  #controls = false;
  #mayType = true;
  #break: NodeJS.Timeout | undefined;
  #cover: NodeJS.Timeout | undefined;
  #session: TerminalSize | undefined;
  #picture: Picture | undefined;
  #frame: NodeJS.Timeout | undefined;
  #note = '';
  #isPainting = false;
  #hasNews = false;

  constructor(options: TerminalViewOptions) {
    this.#options = options;
    this.#leader = new Leader(options.leader, terminalCommands);
  }

  async run(): Promise<TerminalLeft> {
    const {local, job, isReadonly, open, signal} = this.#options;
    local.stdin.setRawMode?.(true);
    local.stdin.on('data', this.#onInput);
    // Whoever had it before us may have paused it.
    local.stdin.resume();
    local.stdout.on('resize', this.#onResize);
    // What stood on the screen stays in the terminal's own history.
    local.stdout.write('\n'.repeat(Math.max(0, this.#size.rows - 1)));
    this.#client = open({job, size: this.#size, history: 0, isReadonly, signal}, this);
    const ended = this.#client.ended.then(async last => {
      // Its exit counts, whatever becomes of its last words.
      await this.#showRest(last).catch(() => undefined);
      return {how: 'ended' as const, job: last};
    });
    return Promise.race([ended, this.#detached.promise]);
  }

  /** What a command said that ended while nobody could look on: before the first look, or in a break. */
  async #showRest({logEnd}: JobView): Promise<void> {
    const end = logEnd?.stdout ?? 0;
    const from = this.#client?.has ?? Math.max(0, end - MOST_REST);
    if (from >= end || this.#picture) return;
    for await (const bytes of this.#options.output(from)) if (!(await this.#isTaken(this.#passed.take(bytes, false)))) return;
  }

  /** Whether the terminal took it; one that takes nothing does not keep the command from ending. */
  async #isTaken(bytes: Buffer): Promise<boolean> {
    const taken = Promise.withResolvers<boolean>();
    const late = setTimeout(() => taken.resolve(false), TAKE_MS);
    this.#options.local.stdout.write(bytes, () => taken.resolve(true));
    const isTaken = await taken.promise;
    clearTimeout(late);
    return isTaken;
  }

  /** Idempotent. */
  leave(): void {
    const {stdin, stdout} = this.#options.local;
    clearTimeout(this.#break);
    // Our own line is no part of what the session showed.
    if (this.#cover !== undefined && this.#picture === undefined)
      stdout.write(`\u001b7\u001b[${this.#size.rows};1H\u001b[0m\u001b[2K\u001b8`);
    clearTimeout(this.#cover);
    clearTimeout(this.#frame);
    this.#picture?.close();
    this.#client?.close();
    this.#client = undefined;
    stdin.off('data', this.#onInput);
    stdout.off('resize', this.#onResize);
    stdin.pause();
    stdin.setRawMode?.(false);
    stdout.write(`${this.#passed.reset()}\r\n`);
  }

  screen(session: TerminalSize): void {
    this.#session = session;
    this.#options.local.stdout.write(this.#passed.clear());
    this.#picture?.close();
    this.#picture = this.#isWhole ? undefined : new this.#options.Picture(session, this.#size);
    if (this.#picture) this.#paintSoon();
  }

  bytes(bytes: Uint8Array, shown: () => void): void {
    if (this.#picture) {
      this.#picture.write(bytes, shown);
      return this.#paintSoon();
    }
    this.#options.local.stdout.write(this.#passed.take(bytes, this.#controls), () => shown());
  }

  control({controls, mayType}: Parameters<TerminalHandlers['control']>[0]): void {
    const hadControl = this.#controls;
    this.#controls = controls;
    this.#mayType = mayType;
    if (hadControl && !controls) this.#say(`Another viewer types now. ${this.#options.leader} t takes over.`);
  }

  job(): void {
    // What the job says is in its terminal, or follows with its end.
  }

  online(): void {
    clearTimeout(this.#break);
    this.#break = undefined;
  }

  offline(error: unknown): void {
    const why = isBoxyardError(error) ? error.message : 'The connection is lost.';
    this.#break ??= setTimeout(() => this.#say(`${why} Trying again; ${this.#options.leader} d leaves.`), BREAK_MS);
  }

  /** The session has the size of this terminal: its output may go straight to it. */
  get #isWhole(): boolean {
    const {columns, rows} = this.#size;
    return this.#session === undefined || (this.#session.columns === columns && this.#session.rows === rows);
  }

  #resized(): void {
    this.#client?.resize(this.#size);
    this.#picture?.resize(this.#size);
    // Whole again, or no more: either way what stands here is not the session's.
    if (this.#isWhole !== (this.#picture === undefined)) this.#client?.redraw();
    else if (this.#picture) this.#paintSoon();
  }

  /** While the terminal has not taken the last one, none is painted: then it is as it is then. */
  #paintSoon(): void {
    this.#hasNews = true;
    if (this.#isPainting) return;
    this.#frame ??= setTimeout(() => {
      this.#frame = undefined;
      if (!this.#picture) return;
      this.#hasNews = false;
      this.#isPainting = true;
      this.#options.local.stdout.write(this.#picture.paint(this.#note || this.#sizeNote), () => {
        this.#isPainting = false;
        if (this.#hasNews && this.#client !== undefined) this.#paintSoon();
      });
    }, FRAME_MS);
  }

  get #sizeNote(): string {
    const {columns, rows} = this.#session ?? this.#size;
    const how = this.#mayType ? `; ${this.#options.leader} t makes it this one\u2019s` : '';
    return ` The session is ${columns}x${rows}${how} `;
  }

  get #size() {
    const {columns, rows} = this.#options.local.stdout;
    return {columns: columns ?? 80, rows: rows ?? 24};
  }

  #typed(bytes: Buffer): void {
    for (const part of this.#leader.take(bytes)) {
      if ('command' in part) this.#command(part.command);
      else if (this.#mayType) this.#client?.type(part.type);
    }
  }

  #command(command: LeaderCommand): void {
    if (command === 'detach') return this.#detached.resolve({how: 'detached'});
    if (command === 'take') return this.#client?.take();
    const {leader} = this.#options;
    this.#say(`${leader} d detach · ${leader} t type here · ${leader} ${leader} sends it`);
  }

  /** A line over the lowest row for a while; what it covers is then drawn anew. */
  #say(text: string): void {
    const {columns, rows} = this.#size;
    clearTimeout(this.#cover);
    if (this.#picture) {
      this.#note = text;
      this.#cover = setTimeout(() => {
        this.#note = '';
        this.#paintSoon();
      }, COVER_MS);
      return this.#paintSoon();
    }
    this.#cover = setTimeout(() => {
      this.#cover = undefined;
      this.#client?.redraw();
    }, COVER_MS);
    this.#options.local.stdout.write(`\u001b7\u001b[${rows};1H\u001b[0;7m${text.slice(0, columns).padEnd(columns)}\u001b[0m\u001b8`);
  }
}
