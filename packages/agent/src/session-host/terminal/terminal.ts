import type {Size} from '@boxyard/core/plugin-api';
import {VtTokens, isQuery, isTyping, noticeOf, titleOf, type VtToken} from '@boxyard/core/vt';
import {beginning, hasChanged, next, type Attention, type Happening} from './attention.ts';
import {Inputs} from './inputs.ts';
import {Model} from './model.ts';
import {Ring} from './ring.ts';
import {View, type ViewSink, type Viewer} from './view.ts';

/** What a viewer may be behind before it is drawn anew: some 60 ms of the fastest output. */
const RING = 1024 * 1024;
/** Output the model may be behind before the program has to wait. */
const MOST_BEHIND = 256 * 1024;
const TICK_MS = 1_000;
/** How old the last line, the title and the time of the last output may be where others see them. */
const REFRESH_MS = 5_000;
const RESIZE_MS = 50;
const LONGEST_TITLE = 200;

export interface TerminalState {
  readonly attention: Attention;
  readonly title: string;
  readonly lastLine: string;
  readonly size: Size;
  readonly viewers: number;
}

export interface TerminalDeps {
  /** Into the program's terminal; resolves when it has taken them. */
  readonly type: (bytes: Buffer) => Promise<void>;
  readonly resize: (size: Size) => Promise<void>;
  readonly onState: (state: TerminalState) => void;
  /** Nobody has looked on for this long. */
  readonly onForsaken: () => void;
  readonly detachedMs: number;
  readonly now: () => number;
}

/**
 * A program's terminal as long as the program lives: what it shows, who looks on, who of them types. Any number may look;
 * one of those who may type controls: only what that one types counts, and the size is that one's. Who comes back after a
 * break controls again, unless another has taken control or typed meanwhile. `close` ends it.
 */
export class Terminal {
  readonly #deps: TerminalDeps;
  readonly #model: Model;
  readonly #ring = new Ring(RING);
  readonly #tokens = new VtTokens();
  readonly #inputs = new Inputs();
  readonly #views = new Set<View>();
  readonly #timer: NodeJS.Timeout;
  #attention: Attention;
  #title = '';
  /** Nobody goes on from here or before: there was a question to the terminal, or another size. */
  #breakAt = -1;
  #controller: View | undefined;
  /** Who is to type: a client that comes back after a break finds it so. */
  #typist: string | undefined;
  #wanted: Size | undefined;
  #resizing: NodeJS.Timeout | undefined;
  #forsakenAt: number;
  #told = {at: 0, outputAt: 0};
  #hasEnded = false;

  constructor(size: Size, deps: TerminalDeps) {
    this.#deps = deps;
    this.#model = new Model(size, text => this.#answer(text));
    this.#attention = beginning(deps.now());
    this.#forsakenAt = deps.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get state(): TerminalState {
    return {
      attention: this.#attention,
      title: this.#title,
      lastLine: this.#model.lastLine(),
      size: this.#model.size,
      viewers: this.#views.size,
    };
  }

  /** What the program wrote. Waits while the model is far behind, so that a flood is read no faster than it can be shown. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#show(this.#tokens.push(bytes));
    if (this.#model.behind > MOST_BEHIND) await this.#model.read();
  }

  /** Idempotent by `view`; the view ends with `close` or with the program. */
  open(viewer: Viewer, sink: ViewSink): View {
    const view = new View(viewer, sink, {ring: this.#ring, model: this.#model, mayContinue: offset => offset > this.#breakAt});
    this.#views.add(view);
    const isTypist = this.#typist === undefined || this.#typist === viewer.id;
    if (viewer.mayType && (this.#controller === undefined || isTypist)) this.#give(view);
    this.#typist ??= this.#controller?.viewer.id;
    if (this.#hasEnded) view.finish();
    this.#tell();
    return view;
  }

  leave(view: View): void {
    view.close();
    this.#views.delete(view);
    if (this.#views.size === 0) this.#forsakenAt = this.#deps.now();
    if (this.#controller === view) {
      this.#controller = undefined;
      const heir = [...this.#views].findLast(one => one.viewer.mayType);
      if (heir !== undefined) this.#give(heir);
    }
    this.#tell();
  }

  /** The view becomes the one that types and whose size counts; false where it may not type. */
  control(view: View): boolean {
    if (!view.viewer.mayType) return false;
    this.#typist = view.viewer.id;
    this.#give(view);
    return true;
  }

  controls(view: View): boolean {
    return this.#controller === view;
  }

  /**
   * Resolves, when the program has taken them, to how many bytes of this viewer's input were applied by this call. Input of
   * who does not control is dropped, and counted. Calls are made in the order of the bytes.
   */
  async type(view: View, offset: number, bytes: Buffer): Promise<number> {
    const fresh = this.#inputs.fresh(view.viewer.id, offset, bytes);
    if (fresh !== undefined && fresh.length > 0 && this.#controller === view && !this.#hasEnded) {
      if (isTyping(fresh)) {
        this.#typist = view.viewer.id;
        this.#happen({what: 'typing', at: this.#deps.now()});
      }
      const took = this.took(view);
      await this.#deps.type(fresh);
      return took;
    }
    return this.took(view);
  }

  took(view: View): number {
    return this.#inputs.took(view.viewer.id);
  }

  resize(view: View, size: Size): void {
    view.size = size;
    if (this.#controller === view) this.#resize(size);
  }

  /** The program has ended: viewers get the rest and their end. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearInterval(this.#timer);
    clearTimeout(this.#resizing);
    this.#happen({what: 'end', at: this.#deps.now()});
    for (const view of this.#views) view.finish();
  }

  close(): void {
    this.end();
    for (const view of this.#views) view.close();
    this.#views.clear();
    this.#model.close();
  }

  #give(view: View): void {
    if (this.#controller === view) return;
    this.#controller?.tellControl(false);
    this.#controller = view;
    view.tellControl(true);
    this.#resize(view.size);
  }

  #show(tokens: readonly VtToken[]): void {
    if (tokens.length === 0) return;
    const before = this.#attention;
    const at = this.#deps.now();
    const bytes = tokens.length === 1 ? tokens[0]!.raw : Buffer.concat(tokens.map(({raw}) => raw));
    this.#model.write(tokens, bytes);
    let end = this.#ring.end;
    for (const token of tokens) this.#notice(token, (end += token.raw.length), at);
    this.#ring.push(bytes);
    this.#attention = next(this.#attention, {what: 'output', at});
    for (const view of this.#views) view.pump();
    if (hasChanged(before, this.#attention)) this.#tell();
  }

  #notice(token: VtToken, end: number, at: number): void {
    if (isQuery(token)) this.#breakAt = end - 1;
    const title = titleOf(token);
    if (title !== undefined) this.#title = title.slice(0, LONGEST_TITLE);
    const saying = noticeOf(token);
    if (saying !== undefined) this.#attention = next(this.#attention, {what: 'call', at, saying});
  }

  /** Whoever controls has a terminal that answers by itself; while nobody does, the model's answer is all there is. */
  #answer(text: string): void {
    if (this.#controller === undefined && !this.#hasEnded) void this.#deps.type(Buffer.from(text)).catch(() => undefined);
  }

  /** A storm of changes is one change. */
  #resize(size: Size): void {
    const isNew = this.#wanted === undefined ? !isSame(size, this.#model.size) : !isSame(size, this.#wanted);
    if (!isNew || this.#hasEnded) return;
    this.#wanted = size;
    this.#resizing ??= setTimeout(() => void this.#applySize().catch(() => undefined), RESIZE_MS);
  }

  async #applySize(): Promise<void> {
    const size = this.#wanted;
    this.#wanted = undefined;
    this.#resizing = undefined;
    if (size === undefined || this.#hasEnded) return;
    await this.#model.resize(size);
    this.#breakAt = this.#ring.end;
    await this.#deps.resize(size);
    for (const view of this.#views) view.redraw();
    this.#tell();
  }

  #tick(): void {
    const at = this.#deps.now();
    this.#happen({what: 'tick', at});
    if (this.#attention.outputAt !== this.#told.outputAt && at - this.#told.at >= REFRESH_MS) this.#tell();
    if (this.#views.size === 0 && at - this.#forsakenAt >= this.#deps.detachedMs) this.#deps.onForsaken();
  }

  #happen(happening: Happening): void {
    const before = this.#attention;
    this.#attention = next(before, happening);
    if (hasChanged(before, this.#attention)) this.#tell();
  }

  #tell(): void {
    this.#told = {at: this.#deps.now(), outputAt: this.#attention.outputAt};
    this.#deps.onState(this.state);
  }
}

const isSame = (one: Size, other: Size): boolean => one.columns === other.columns && one.rows === other.rows;
