import type {Terminal as Screen} from '@xterm/headless';
import type {Size} from '@boxyard/core/plugin-api';
import type {VtToken} from '@boxyard/core/vt';
import {Keys} from './keys.ts';
import {redrawOf} from '@boxyard/core/vt/redraw';
import {openScreen} from '@boxyard/core/vt/screen';

/** Lines kept above the screen (R33: 1.9 MB); older ones are in the spool. */
const HISTORY = 1_000;
const LONGEST_LINE = 200;

/** What a program's terminal shows, from which it can be drawn again on any other. Fed with whole sequences only. */
export class Model {
  readonly #screen: Screen;
  readonly #keys = new Keys();
  #behind = 0;
  /** Of many who fell behind together: nothing was written between their redraws. */
  #drawn: {readonly history: number; readonly bytes: Promise<Buffer>} | undefined;

  /** `answer` gets what a terminal replies to questions within the output, as they are read. */
  constructor(size: Size, answer: (text: string) => void) {
    this.#screen = openScreen(size, HISTORY);
    this.#screen.onData(answer);
  }

  get size(): Size {
    return {columns: this.#screen.cols, rows: this.#screen.rows};
  }

  /** Bytes written and not yet read by the model. */
  get behind(): number {
    return this.#behind;
  }

  /** `bytes` are those of the tokens. */
  write(tokens: readonly VtToken[], bytes: Buffer): void {
    for (const token of tokens) this.#keys.take(token);
    if (bytes.length === 0) return;
    this.#drawn = undefined;
    this.#behind += bytes.length;
    this.#screen.write(bytes, () => (this.#behind -= bytes.length));
  }

  /** Resolves when all that was written by now has been read. */
  read(): Promise<void> {
    return this.#behindAll(() => undefined);
  }

  /** Takes effect behind what was written before and before what is written after. */
  resize({columns, rows}: Size): Promise<void> {
    this.#drawn = undefined;
    return this.#behindAll(() => this.#screen.resize(columns, rows));
  }

  /**
   * What a cleared terminal of the same size is given to show the same, with at most `history` lines above it. It stands for
   * all that was written before the call and nothing after.
   */
  redraw(history: number): Promise<Buffer> {
    if (this.#drawn?.history === history) return this.#drawn.bytes;
    const keys = this.#keys.redraw();
    const bytes = this.#behindAll(() => Buffer.from(redrawOf(this.#screen, Math.min(history, HISTORY)) + keys));
    this.#drawn = {history, bytes};
    return bytes;
  }

  // Within the callback, for behind it the emulator may have read more by the time a promise goes on.
  #behindAll<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) =>
      this.#screen.write('', () => {
        try {
          resolve(work());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      }),
    );
  }

  /** The lowest line of the screen that is not blank. */
  lastLine(): string {
    const {active} = this.#screen.buffer;
    for (let row = this.#screen.rows - 1; row >= 0; row -= 1) {
      const text = active
        .getLine(active.baseY + row)
        ?.translateToString(true)
        .trim();
      if (text !== undefined && text !== '') return text.slice(0, LONGEST_LINE);
    }
    return '';
  }

  /** The text of the screen, line by line. */
  text(): string[] {
    const {active} = this.#screen.buffer;
    return Array.from({length: this.#screen.rows}, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '');
  }

  close(): void {
    this.#screen.dispose();
  }
}
