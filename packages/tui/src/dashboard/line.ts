import {hasUnshowable} from '../output/safe-text.ts';
import {clip, textWidth} from '../output/width.ts';

/** One line of text being typed; `at` counts characters before the cursor. */
export interface Line {
  readonly text: string;
  readonly at: number;
}

export const lineWith = (text: string): Line => ({text, at: [...text].length});
export const emptyLine: Line = {text: '', at: 0};

const longest = 10_000;

/** The line after a key, or undefined where the key is none of its own. */
export function edited(line: Line, key: string): Line | undefined {
  const characters = [...line.text];
  const made = (before: readonly string[], after: readonly string[]): Line => ({text: [...before, ...after].join(''), at: before.length});
  const [before, after] = [characters.slice(0, line.at), characters.slice(line.at)];
  switch (key) {
    case 'backspace':
      return made(before.slice(0, -1), after);
    case 'delete':
    case 'ctrl-d':
      return made(before, after.slice(1));
    case 'left':
    case 'ctrl-b':
      return {...line, at: Math.max(0, line.at - 1)};
    case 'right':
    case 'ctrl-f':
      return {...line, at: Math.min(characters.length, line.at + 1)};
    case 'home':
    case 'ctrl-a':
      return {...line, at: 0};
    case 'end':
    case 'ctrl-e':
      return {...line, at: characters.length};
    case 'ctrl-u':
      return made([], after);
    case 'ctrl-w':
      return made([...before.join('').replace(/\S*\s*$/, '')], after);
    default:
      return [...key].length === 1 ? typed(line, key) : undefined;
  }
}

/** With a block where the cursor stands, and of a line longer than `room` cells the part around it. */
export function withCursor({text, at}: Line, room = Infinity): string {
  const characters = [...text].map(character => (hasUnshowable(character) ? '�' : character));
  const [before, under, after] = [characters.slice(0, at), '█', characters.slice(at + 1)];
  const whole = [...before, under, ...after].join('');
  if (textWidth(whole) <= room) return whole;
  let from = before.length;
  let left = room - 3;
  while (from > 0 && (left -= textWidth(before[from - 1]!)) >= 0) from -= 1;
  return clip(`${from === 0 ? '' : '…'}${before.slice(from).join('')}${under}${after.join('')}`, room);
}

/** Text put in at the cursor; line ends become spaces. */
export function typed({text, at}: Line, added: string): Line {
  const characters = [...text];
  const clean = [...added.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '')];
  const fits = clean.slice(0, Math.max(0, longest - characters.length));
  return {text: [...characters.slice(0, at), ...fits, ...characters.slice(at)].join(''), at: at + fits.length};
}
