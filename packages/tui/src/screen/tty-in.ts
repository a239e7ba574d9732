import type {Readable} from 'node:stream';
import {safeText} from '../output/safe-text.ts';
import {ownEvents, typedEvents, type InputEvent} from './input-events.ts';
import {InputTokens, type InputToken} from './input-tokens.ts';
import {isSentinel, probeQuery, readReplies, type Probed} from './probe.ts';

export interface TtyInOptions {
  readonly stdin: Readable & {setRawMode?(on: boolean): unknown; unref?(): unknown; ref?(): unknown};
  /** In order of typing, outside of React. */
  readonly onInput: (event: InputEvent) => void;
  /** Nobody can type any more: the terminal is gone. Once. */
  readonly onGone?: () => void;
}

/** Owns the keyboard from its creation to `close`: raw mode, and the only reader of stdin. */
export interface TtyIn {
  /**
   * From now on what is typed goes to `sink` byte by byte as it came, pastes with their brackets; undefined ends it. What the
   * terminal says by itself (mouse, focus, answers) is still told by `onInput`. Nothing is lost or doubled at the change.
   */
  capture(sink: ((bytes: Buffer) => void) | undefined): void;
  /**
   * Asks the terminal about itself, once at a time. Settles at the deadline at the latest; later answers are no typing.
   * `query`: one of those in `probe`, by default without pictures.
   */
  probe(write: (text: string) => void, deadlineMs: number, query?: string): Promise<Probed>;
  /** Lets go of the keyboard for another program; `resume` takes it again. */
  suspend(): void;
  resume(): void;
  /** Idempotent. */
  close(): void;
}

export const createTtyIn = (options: TtyInOptions): TtyIn => new In(options);

const MOST_PASTED = 1024 * 1024;
/** A paste whose end never came. */
const PASTE_IDLE_MS = 1_000;

class In implements TtyIn {
  readonly #options: TtyInOptions;
  readonly #onData = (chunk: Buffer | string) => this.#take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  readonly #onGone = () => {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#options.onGone?.();
  };
  #isGone = false;
  #tokens = new InputTokens();
  #timer: NodeJS.Timeout | undefined;
  #sink: ((bytes: Buffer) => void) | undefined;
  #raw: string[] = [];
  #pasted: string[] | undefined;
  #pastedBytes = 0;
  #probe: {readonly replies: InputToken[]; readonly finish: () => void} | undefined;
  #isReading = false;

  constructor(options: TtyInOptions) {
    this.#options = options;
    // A terminal that hangs up is an error to read from, and none of the program's.
    options.stdin.on('error', this.#onGone);
    options.stdin.on('end', this.#onGone);
    this.resume();
  }

  capture(sink: ((bytes: Buffer) => void) | undefined): void {
    this.#sink = sink;
  }

  async probe(write: (text: string) => void, deadlineMs: number, query = probeQuery): Promise<Probed> {
    const replies: InputToken[] = [];
    const answered = Promise.withResolvers<void>();
    const deadline = setTimeout(answered.resolve, deadlineMs);
    const probe = {replies, finish: answered.resolve};
    this.#probe?.finish();
    this.#probe = probe;
    try {
      write(query);
      await answered.promise;
    } finally {
      clearTimeout(deadline);
      if (this.#probe === probe) this.#probe = undefined;
    }
    return readReplies(replies);
  }

  suspend(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    clearTimeout(this.#timer);
    this.#tokens = new InputTokens();
    this.#pasted = undefined;
    const {stdin} = this.#options;
    stdin.off('data', this.#onData);
    stdin.pause();
    stdin.setRawMode?.(false);
  }

  resume(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const {stdin} = this.#options;
    stdin.setRawMode?.(true);
    stdin.ref?.();
    stdin.on('data', this.#onData);
    stdin.resume();
  }

  close(): void {
    this.#probe?.finish();
    this.suspend();
    this.#options.stdin.off('end', this.#onGone);
    this.#options.stdin.off('error', this.#onGone);
    this.#options.stdin.unref?.();
  }

  #take(chunk: Buffer): void {
    clearTimeout(this.#timer);
    this.#all(this.#tokens.push(chunk));
    const patience = this.#tokens.patienceMs;
    if (!this.#isReading || (patience === undefined && this.#pasted === undefined)) return;
    this.#timer = setTimeout(() => this.#waited(), patience ?? PASTE_IDLE_MS);
  }

  #waited(): void {
    const hadTokens = this.#tokens.patienceMs !== undefined;
    this.#all(this.#tokens.flush());
    if (!hadTokens) this.#endPaste();
    else if (this.#pasted !== undefined) this.#timer = setTimeout(() => this.#waited(), PASTE_IDLE_MS);
  }

  #all(tokens: readonly InputToken[]): void {
    for (const token of tokens) this.#one(token);
    this.#passOn();
  }

  #one(token: InputToken): void {
    if (isBracket(token, '200')) {
      this.#pasted ??= [];
      return this.#typed(token, true);
    }
    if (isBracket(token, '201')) {
      this.#typed(token, true);
      return this.#endPaste();
    }
    if (this.#pasted !== undefined) return this.#typed(token, true);
    const own = ownEvents(token);
    if (own === undefined) return this.#typed(token, false);
    this.#passOn();
    for (const event of own) this.#own(event);
  }

  #own(event: InputEvent): void {
    if (event.type !== 'reply' || this.#probe === undefined) return this.#options.onInput(event);
    this.#probe.replies.push(event.reply);
    if (isSentinel(event.reply)) this.#probe.finish();
  }

  #typed(token: InputToken, isPaste: boolean): void {
    if (this.#sink !== undefined) {
      this.#raw.push(token.raw);
      return;
    }
    if (!isPaste) return typedEvents(token).forEach(this.#options.onInput);
    if (isBracket(token, '200') || isBracket(token, '201') || this.#pastedBytes >= MOST_PASTED) return;
    const kept = token.raw.slice(0, MOST_PASTED - this.#pastedBytes);
    this.#pastedBytes += kept.length;
    this.#pasted?.push(kept);
  }

  #passOn(): void {
    if (this.#raw.length === 0) return;
    const bytes = Buffer.from(this.#raw.join(''), 'latin1');
    this.#raw = [];
    this.#sink?.(bytes);
  }

  #endPaste(): void {
    const pasted = this.#pasted?.join('') ?? '';
    this.#pasted = undefined;
    this.#pastedBytes = 0;
    if (pasted === '') return;
    const text = Buffer.from(pasted, 'latin1').toString('utf8').replaceAll(/\r\n?/g, '\n');
    this.#options.onInput({type: 'paste', text: safeText(text)});
  }
}

const isBracket = (token: InputToken, params: '200' | '201'): boolean =>
  token.is === 'csi' && token.final === '~' && token.marker === '' && token.params === params;
