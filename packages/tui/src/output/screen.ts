import type {Writable} from 'node:stream';

type Terminal = Pick<Writable, 'write'> & {readonly rows?: number | undefined};

/** A terminal's other screen, drawn over in place: whole frames, nothing wraps, nothing flickers. `close` brings the first one back. */
export interface Screen {
  /** `foot` stands in the last line. What is too long is cut, and said to be. */
  show(text: string, foot: string): void;
  close(): void;
}

const open = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const close = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const begin = '\u001b[?2026h\u001b[H';
const endOfLine = '\u001b[K\r\n';
const end = '\u001b[J\u001b[?2026l';

export function openScreen(terminal: Terminal): Screen {
  terminal.write(open);
  return {
    show: (text, foot) => void terminal.write(`${begin}${frame(text, foot, terminal.rows ?? 24).join(endOfLine)}${end}`),
    close: () => void terminal.write(close),
  };
}

/** As many lines as there are rows, at most. */
export function frame(text: string, foot: string, rows: number): readonly string[] {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const room = Math.max(1, rows - (foot === '' ? 0 : 1));
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more`];
  return [...shown, ...(foot === '' ? [] : [foot])].map((line, i, all) => (i === all.length - 1 ? `${line}\u001b[K` : line));
}
