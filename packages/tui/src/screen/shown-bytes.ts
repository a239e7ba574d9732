import type {Terminal} from '@xterm/headless';
import type {TerminalSize} from '@boxyard/core/protocol';
import {isHarmless, isQuery, VtTokens} from '@boxyard/core/vt';
import {PassedThrough} from '../tty/passed-through.ts';

export interface ShownBytesDeps {
  readonly open: (size: TerminalSize) => Terminal;
  /** Whether a question of the program's is ours to answer. */
  readonly answers: () => boolean;
  /** Some are on the screen now; `grown` lines went into its history. */
  readonly onShown: (grown: number) => void;
}

type Step =
  | {readonly bytes: Uint8Array; readonly shown: () => void}
  | {readonly size: TerminalSize; readonly isAnew: boolean}
  | {readonly done: () => void};

/** More in one go would keep keys waiting. */
const MOST_AT_ONCE = 64 * 1024;

/**
 * What a session sends on its way to an emulated screen: in order, a little at a time, and only what is harmless there.
 * `shown` of each part is called when the emulator has taken it, so a flood is sent no faster than it is shown.
 */
export class ShownBytes {
  readonly #deps: ShownBytesDeps;
  #screen: Terminal | undefined;
  #tokens = new VtTokens();
  #steps: Step[] = [];
  #isNewConnection = true;
  #isBusy = false;
  #next: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(deps: ShownBytesDeps) {
    this.#deps = deps;
  }

  /** Undefined until the first screen. */
  get screen(): Terminal | undefined {
    return this.#screen;
  }

  /** The first screen of a connection brings the lines above it: what was collected here would be doubled. */
  newConnection(): void {
    this.#isNewConnection = true;
  }

  screenOf(size: TerminalSize): void {
    this.#steps.push({size, isAnew: this.#isNewConnection});
    this.#isNewConnection = false;
    this.#run();
  }

  push(bytes: Uint8Array, shown: () => void): void {
    this.#steps.push({bytes, shown});
    this.#run();
  }

  /** Called when all that has come until now is on the screen. */
  whenShown(done: () => void): void {
    this.#steps.push({done});
    this.#run();
  }

  /** What has come and is not shown yet never will be. */
  interrupt(): void {
    this.#steps = [];
    this.#isNewConnection = true;
  }

  close(): void {
    this.#isClosed = true;
    this.#steps = [];
    clearImmediate(this.#next);
    this.#screen?.dispose();
    this.#screen = undefined;
  }

  #run(): void {
    if (this.#isBusy || this.#isClosed) return;
    const step = this.#steps[0];
    if (step === undefined) return;
    if ('bytes' in step) return this.#write();
    this.#steps.shift();
    if ('done' in step) step.done();
    else if (step.isAnew || this.#screen === undefined) this.#begin(step.size);
    else return this.#clear(this.#screen, step.size);
    this.#run();
  }

  #begin(size: TerminalSize): void {
    const before = this.#screen;
    this.#screen = this.#deps.open(size);
    this.#tokens = new VtTokens();
    before?.dispose();
  }

  /** As a new one, but for the lines above. They are cleared first: else a smaller screen would push them up. */
  #clear(screen: Terminal, size: TerminalSize): void {
    this.#tokens = new VtTokens();
    this.#busy(`\u001b[?1049l${new PassedThrough().clear()}`, () => screen.resize(size.columns, size.rows));
  }

  #write(): void {
    const parts: Buffer[] = [];
    const shown: (() => void)[] = [];
    for (let most = MOST_AT_ONCE; most > 0;) {
      const step = this.#steps[0];
      if (step === undefined || !('bytes' in step)) break;
      this.#steps.shift();
      const answers = this.#deps.answers();
      for (const token of this.#tokens.push(step.bytes)) if (isHarmless(token) && (answers || !isQuery(token))) parts.push(token.raw);
      shown.push(step.shown);
      most -= step.bytes.length;
    }
    const before = this.#screen?.buffer.normal.baseY ?? 0;
    this.#busy(Buffer.concat(parts), () => {
      for (const one of shown) one();
      this.#deps.onShown(Math.max(0, (this.#screen?.buffer.normal.baseY ?? 0) - before));
    });
  }

  /** The event loop turns between two writes, whatever comes. */
  #busy(data: Buffer | string, then: () => void): void {
    this.#isBusy = true;
    const done = () => {
      if (this.#isClosed) return;
      then();
      this.#next = setImmediate(() => {
        this.#isBusy = false;
        this.#run();
      });
    };
    // What came before the first screen has none to go to.
    if (this.#screen === undefined) done();
    else this.#screen.write(data, done);
  }
}
