import {VtTokens, isHarmless, isQuery, type VtToken} from '@boxyard/core/vt';

const ALTERNATE = new Set(['47', '1047', '1049']);

/** Modes a program may leave on, which would make a shell afterwards unusable. */
const RESET = [
  '\u001b[0m',
  '\u001b(B\u000f',
  // Both send the cursor home.
  '\u001b7\u001b[?6l\u001b[r\u001b8',
  '\u001b[?1l\u001b>',
  '\u001b[4l',
  '\u001b[?7h',
  '\u001b[?9l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1004l\u001b[?1005l\u001b[?1006l\u001b[?1015l\u001b[?1016l',
  '\u001b[?2004l\u001b[?2026l\u001b[?2031l',
  '\u001b[=0u',
  '\u001b[0 q',
  '\u001b[?25h',
].join('');

/**
 * A program's output on its way to the person's own terminal: without what must not reach it (clipboard, titles, strings of
 * unknown effect), and questions only where this terminal's answer will count.
 */
export class PassedThrough {
  #tokens = new VtTokens();
  #isAlternate = false;

  take(bytes: Uint8Array, answers: boolean): Buffer {
    const passed = this.#tokens.push(bytes).filter(token => isHarmless(token) && (answers || !isQuery(token)));
    for (const token of passed) this.#note(token);
    return Buffer.concat(passed.map(({raw}) => raw));
  }

  /** Brings the terminal to what a redraw starts from: cleared, every mode as usual. */
  clear(): string {
    this.#tokens = new VtTokens();
    return `${this.reset()}\u001b[H\u001b[2J`;
  }

  /** Gives the terminal back in every mode as usual; the screen stays. */
  reset(): string {
    const back = this.#isAlternate ? '\u001b[?1049l' : '';
    this.#isAlternate = false;
    return back + RESET;
  }

  #note(token: VtToken): void {
    if (token.is === 'esc' && token.raw.toString('latin1') === '\u001bc') this.#isAlternate = false;
    if (token.is !== 'csi' || token.marker !== '?' || (token.final !== 'h' && token.final !== 'l')) return;
    if (token.params.split(';').some(mode => ALTERNATE.has(mode))) this.#isAlternate = token.final === 'h';
  }
}
