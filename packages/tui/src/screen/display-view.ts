import {setTimeout as delay} from 'node:timers/promises';
import type {Readable, Writable} from 'node:stream';
import {entryOf, isBoxyardError} from '@boxyard/core/errors';
import type {Rect, RfbClient} from '@boxyard/core/rfb';
import {safeLine} from '../output/safe-text.ts';
import {DisplayKeys, type DisplayCommand} from './display-keys.ts';
import {DisplayPainter} from './display-painter.ts';
import type {ColourTier} from './downgrade.ts';
import {MOST_CELL, type GraphicsKind, type GraphicsWish} from './graphics/choose.ts';
import {findGraphics, openGraphics} from './graphics/open-graphics.ts';
import {PacedWrites} from './graphics/paced-writes.ts';
import {askTmux, TmuxLosses, type Tmux} from './graphics/tmux.ts';
import type {Marks} from './half-blocks.ts';
import type {InputEvent} from './input-events.ts';
import {openTerminal} from './modes.ts';
import {cellQuery, readReplies} from './probe.ts';
import {drained, setWaiting} from './terminal-writes.ts';
import {createTtyIn, type TtyIn} from './tty-in.ts';

export interface DisplayLook {
  readonly signal: AbortSignal;
  readonly updated: (changed: readonly Rect[]) => void;
  readonly resized: () => void;
  readonly clipboard: (text: string) => void;
  readonly controlled: (state: {readonly controls: boolean; readonly mayControl: boolean}) => void;
  readonly connected: (view: {take(): void}) => void;
}

export interface DisplayViewOptions {
  readonly local: {
    readonly stdin: Readable & {setRawMode?(on: boolean): unknown};
    readonly stdout: Writable & {readonly columns?: number; readonly rows?: number};
  };
  /** As a person calls it. */
  readonly name: string;
  readonly leader: string;
  readonly colours: ColourTier;
  /** `auto`: the best that the terminal says it shows. */
  readonly graphics: GraphicsWish;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Pictures in a second, at most. */
  readonly fps: number;
  readonly look: (look: DisplayLook) => Promise<RfbClient>;
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** A terminal that takes nothing for so long is waited for no longer. */
const GIVE_UP_MS = 500;
const AGAIN_MS = 500;
const COVER_MS = 4_000;
/** Of a window that nobody looks at. */
const UNFOCUSED_FPS = 2;
const PAN_CELLS = 8;
/** What a desktop is asked to be where the cells' own pixels do not count: about what a letter takes. */
const CELL = {width: 8, height: 16};

/**
 * Makes the person's terminal a window on a desktop until the person leaves or the signal aborts. Connections that break are
 * made anew. The terminal is given back as it was, whatever happens; rejects with what cannot be helped by trying again.
 */
export async function viewDisplay(options: DisplayViewOptions): Promise<void> {
  const view = new DisplayView(options);
  const {stdin, stdout} = options.local;
  setWaiting([stdout], false);
  const writeInTurn = (text: string) => void stdout.write(text);
  const terminal = openTerminal({stdin, mouse: true, writeInTurn, onFailure: options.onFailure});
  const input = createTtyIn({stdin, onInput: event => view.take(event), onGone: () => view.leave()});
  try {
    await view.run(input);
  } finally {
    view.close();
    input.close();
    // A frame that is cut off would leave half a sequence before the terminal's own.
    await drained(stdout, GIVE_UP_MS);
    terminal.close();
    setWaiting([stdout], true);
  }
}

class DisplayView {
  readonly #options: DisplayViewOptions;
  readonly #keys: DisplayKeys;
  readonly #painter: DisplayPainter;
  readonly #left = new AbortController();
  readonly #writes: PacedWrites;
  #losses: TmuxLosses | undefined;
  readonly #onResize = () => {
    this.#painter.resized();
    if (this.#hasPixels) this.#writes.write(Buffer.from(cellQuery));
  };
  #screen: RfbClient | undefined;
  #view: {take(): void} | undefined;
  #state = {controls: false, mayControl: true};
  #copied: string | undefined;
  #hasPixels = false;
  #cell = CELL;
  #cover: NodeJS.Timeout | undefined;

  constructor(options: DisplayViewOptions) {
    this.#options = options;
    const {local, fps, colours} = options;
    this.#writes = new PacedWrites(local.stdout);
    this.#painter = new DisplayPainter({stdout: this.#writes, fps, colours, painted: () => this.#screen?.ask()});
    this.#keys = new DisplayKeys({
      leader: options.leader,
      command: command => this.#command(command),
      pixelUnder: (column, row) => this.#painter.pixelUnder(column, row),
      say: text => this.#say(text),
    });
    local.stdout.on('resize', this.#onResize);
  }

  async run(input: TtyIn): Promise<void> {
    const signal = AbortSignal.any([this.#left.signal, this.#options.signal]);
    this.#painter.note(` Opening the display of ${this.#name} … `);
    await this.#choose(input);
    while (!signal.aborted) {
      const error = await this.#once(signal).catch((thrown: unknown) => thrown);
      if (signal.aborted) break;
      if (isFinal(error)) throw error;
      const why = isBoxyardError(error) ? error.message : 'The connection is lost.';
      this.#painter.note(` ${safeLine(why)} Trying again; ${this.#options.leader} d leaves. `);
      await delay(AGAIN_MS, undefined, {signal}).catch(() => undefined);
    }
    this.#options.signal.throwIfAborted();
  }

  /** Before there is a picture: how it is shown. */
  async #choose(input: TtyIn): Promise<void> {
    const {graphics: wish, env, colours, local} = this.#options;
    const {chosen, seen} = await findGraphics({wish, env, colours, stdout: local.stdout, input});
    const graphics = openGraphics(chosen.kind, seen);
    this.#hasPixels = graphics !== undefined;
    if (this.#hasPixels && seen.tmux !== undefined) this.#watchTmux(seen.tmux);
    if (this.#hasPixels) this.#cell = chosen.cell;
    this.#painter.draw({marks: marksOf(chosen.kind, colours), graphics, cell: chosen.cell});
  }

  /** It says nothing when it loses pictures on their way, and draws its own cells without them. */
  #watchTmux({discarded}: Tmux): void {
    const lost = () => {
      this.#writes.slower();
      this.#painter.resized();
    };
    this.#losses = new TmuxLosses(discarded, () => askTmux(this.#options.env), lost);
    this.#writes.isPaced = true;
    this.#writes.passed = () => this.#losses?.passed();
  }

  /** One connection, to its end. */
  async #once(signal: AbortSignal): Promise<unknown> {
    const screen = await this.#options.look({
      signal,
      updated: changed => this.#painter.changed(changed),
      resized: () => this.#painter.resized(),
      clipboard: text => (this.#copied = text),
      controlled: state => this.#controlled(state),
      connected: view => (this.#view = view),
    });
    this.#screen = screen;
    this.#painter.show(screen.framebuffer);
    this.#rest();
    screen.ask(true);
    try {
      return await screen.ended;
    } finally {
      this.#screen = undefined;
      screen[Symbol.dispose]();
    }
  }

  take(event: InputEvent): void {
    if (event.type === 'focus') return this.#painter.pace(event.isFocused ? this.#options.fps : UNFOCUSED_FPS);
    if (event.type === 'reply') return this.#told(readReplies([event.reply]).cell);
    this.#keys.take(event, this.#state.controls ? this.#screen : undefined);
  }

  #told(cell: {readonly width: number; readonly height: number} | undefined): void {
    if (!this.#hasPixels || cell === undefined || Math.max(cell.width, cell.height) > MOST_CELL) return;
    this.#cell = cell;
    this.#painter.cellIs(cell);
  }

  leave(): void {
    this.#left.abort();
  }

  close(): void {
    clearTimeout(this.#cover);
    this.#options.local.stdout.off('resize', this.#onResize);
    this.#losses?.close();
    this.#painter.close();
    this.#writes.close();
  }

  get #name(): string {
    return safeLine(this.#options.name);
  }

  #controlled(state: {readonly controls: boolean; readonly mayControl: boolean}): void {
    const had = this.#state.controls;
    this.#state = state;
    if (had && !state.controls) this.#say(`Another viewer controls it now. ${this.#options.leader} t takes over.`);
    else this.#rest();
  }

  #command(command: DisplayCommand): void {
    switch (command) {
      case 'detach':
        return this.leave();
      case 'take':
        return this.#state.mayControl ? this.#view?.take() : this.#say('This view only looks.');
      case 'zoom':
        this.#painter.zoom();
        return this.#rest();
      case 'resize':
        return this.#resize();
      case 'copy':
        return this.#copy();
      case 'paste':
        this.#keys.isForClipboard = true;
        return this.#say('Paste now: it goes to the desktop’s clipboard.');
      case 'help':
        return this.#say(help(this.#options.leader));
      default:
        return this.#painter.pan(directions[command], PAN_CELLS);
    }
  }

  #resize(): void {
    if (this.#screen?.mayResize !== true || !this.#state.controls) return this.#say('The desktop’s size cannot be changed from here.');
    const {columns, rows} = this.#painter.room;
    this.#screen.resize(columns * this.#cell.width, rows * this.#cell.height);
  }

  /** Only what the person asks for, and only outwards: the terminal keeps it (OSC 52). */
  #copy(): void {
    if (this.#copied === undefined) return this.#say('Nothing was copied on the desktop since this view began.');
    this.#writes.write(Buffer.from(`\u001b]52;c;${Buffer.from(this.#copied).toString('base64')}\u0007`));
    this.#say(`Copied ${this.#copied.length} characters.`);
  }

  #rest(): void {
    if (this.#cover !== undefined) return;
    const {width, height} = this.#screen?.framebuffer ?? {width: 0, height: 0};
    const role = this.#state.controls ? 'you control it' : this.#state.mayControl ? 'another controls it' : 'looking on';
    const size = width === 0 ? '' : ` · ${width}x${height} ${this.#painter.isFitted ? 'fitted' : '1:1'}`;
    this.#painter.note(` ${this.#name}${size} · ${role} · ${this.#options.leader} ? help `);
  }

  /** For a while, in place of the usual. */
  #say(text: string): void {
    clearTimeout(this.#cover);
    this.#painter.note(` ${text} `);
    this.#cover = setTimeout(() => {
      this.#cover = undefined;
      this.#rest();
    }, COVER_MS);
  }
}

const directions = {left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1]} as const;

const marksOf = (kind: GraphicsKind, colours: ColourTier): Marks =>
  kind === 'ascii' || colours === 'none' ? 'letters' : kind === 'quadrant' ? 'quadrants' : 'halves';

const help = (leader: string): string =>
  `${leader}: d leave · t control · z 1:1, arrows move · r resize · y copy · p paste to clipboard · twice sends it`;

/** What trying again would not change. */
const isFinal = (error: unknown): boolean =>
  isBoxyardError(error) ? !entryOf(error.code).retryable && !passing.has(error.code) : error instanceof Error;

/** A server that starts again, a worker that is away, a stream that went with either. */
const passing: ReadonlySet<string> = new Set(['NO_SERVER', 'WORKER_OFFLINE', 'INTERRUPTED']);
