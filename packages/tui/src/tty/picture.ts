import type {Terminal} from '@xterm/headless';
import {lineOf} from '@boxyard/core/vt/redraw';
import {openScreen} from '@boxyard/core/vt/screen';
import type {TerminalSize} from '@boxyard/core/protocol';

/**
 * A session on a terminal of another size: kept on a screen of its own size, of which the part around the cursor is painted.
 * The lowest row is left for a word about that.
 */
export class Picture {
  readonly #screen: Terminal;
  #window: TerminalSize;
  #painted: string[] = [];

  constructor(session: TerminalSize, window: TerminalSize) {
    this.#screen = openScreen(session, 0);
    this.#window = window;
  }

  write(bytes: Uint8Array, shown: () => void): void {
    this.#screen.write(bytes, shown);
  }

  resize(window: TerminalSize): void {
    this.#window = window;
    this.#painted = [];
  }

  /** What brings the terminal from what was painted last to what the session shows now. */
  paint(note: string): string {
    const {active} = this.#screen.buffer;
    const rows = Math.max(1, this.#window.rows - 1);
    const top = Math.min(Math.max(0, active.cursorY - rows + 1), Math.max(0, this.#screen.rows - rows));
    const columns = Math.min(this.#window.columns, this.#screen.cols);
    const lines = Array.from({length: rows}, (_, row) =>
      top + row < this.#screen.rows ? lineOf(active, active.baseY + top + row, columns) : '',
    );
    lines.push(`\u001b[0;7m${note.slice(0, this.#window.columns)}\u001b[0m`);
    const changed = lines.flatMap((line, row) => (line === this.#painted[row] ? [] : [`\u001b[${row + 1};1H\u001b[0m${line}\u001b[K`]));
    this.#painted = lines;
    const row = active.cursorY - top;
    const isInside = active.cursorX < this.#window.columns && row < rows;
    const cursor = isInside ? `\u001b[${row + 1};${active.cursorX + 1}H\u001b[?25h` : '\u001b[?25l';
    return changed.length === 0 ? cursor : `\u001b[?25l${changed.join('')}${cursor}`;
  }

  close(): void {
    this.#screen.dispose();
  }
}
