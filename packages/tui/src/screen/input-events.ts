import type {InputToken} from './input-tokens.ts';

export type MouseAction = 'press' | 'release' | 'drag' | 'wheel-up' | 'wheel-down';
export type MouseButton = 'left' | 'middle' | 'right' | 'none';

export interface MouseEvent {
  readonly type: 'mouse';
  readonly action: MouseAction;
  readonly button: MouseButton;
  /** Cells, from 0. */
  readonly column: number;
  readonly row: number;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly ctrl: boolean;
}

/**
 * - `key`: `up`, `enter`, `ctrl-c`, `alt-x`, `ctrl-shift-up`, or one character as itself; a space is ' '.
 * - `text`: what is no single key: a character of several code points, or so much at once that nobody typed it.
 * - `paste`: between the brackets, however long (cut at 1 MiB); line ends are `\n`, control characters gone.
 * - `reply`: the terminal's answer to a question nobody waits for any more; to be ignored.
 */
export type InputEvent =
  | {readonly type: 'key'; readonly key: string}
  | {readonly type: 'text'; readonly text: string}
  | {readonly type: 'paste'; readonly text: string}
  | MouseEvent
  | {readonly type: 'focus'; readonly isFocused: boolean}
  | {readonly type: 'reply'; readonly reply: InputToken};

/** What the terminal says by itself: never typing. Undefined for what a person may have typed. */
export function ownEvents(token: InputToken): readonly InputEvent[] | undefined {
  if (token.is === 'string') return [{type: 'reply', reply: token}];
  if (token.is !== 'csi') return undefined;
  const {raw, marker, params, inner, final} = token;
  if (final === 'I' && params === '') return [{type: 'focus', isFocused: true}];
  if (final === 'O' && params === '') return [{type: 'focus', isFocused: false}];
  if (marker === '<') return final === 'M' || final === 'm' ? mouse(params, final) : [];
  // Mouse reports of the oldest kind, which nobody asked for.
  if (raw.startsWith('\u001b[M') || (final === 'M' && params !== '')) return [];
  const isReply = marker !== '' || inner !== '' || 'cnRtxy'.includes(final);
  return isReply && final !== '' ? [{type: 'reply', reply: token}] : undefined;
}

/** What a person typed. */
export function typedEvents(token: InputToken): readonly InputEvent[] {
  switch (token.is) {
    case 'text':
      return ofText(Buffer.from(token.raw, 'latin1').toString('utf8'));
    case 'escape':
      return [key('escape')];
    case 'alt':
      return altEvents(Buffer.from(token.raw.slice(1), 'latin1').toString('utf8'));
    case 'ss3':
      return named(finals[token.final], token.params);
    case 'csi':
      return ofCsi(token);
    default:
      return [];
  }
}

/** More at once than a person types, and no brackets around it. */
const MOST_TYPED = 1_000;
const segmenter = new Intl.Segmenter();
const key = (name: string): InputEvent => ({type: 'key', key: name});

function ofText(text: string): readonly InputEvent[] {
  if (text.length > MOST_TYPED) return [{type: 'text', text: text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\P{Control}\n]/gu, '')}];
  return [...segmenter.segment(text)].flatMap(({segment}) => {
    // A return and a newline are one segment, and two keys.
    if (segment === '\r\n') return [key('enter')];
    if ([...segment].length > 1) return [{type: 'text', text: segment}];
    const name = characterName(segment);
    return name === undefined ? [] : [key(name)];
  });
}

function characterName(character: string): string | undefined {
  const code = character.codePointAt(0)!;
  if (code === 13 || code === 10) return 'enter';
  if (code === 9) return 'tab';
  if (code === 8 || code === 127) return 'backspace';
  if (code === 0) return 'ctrl-space';
  if (code < 27) return `ctrl-${String.fromCharCode(code + 96)}`;
  if (code < 32) return `ctrl-${String.fromCharCode(code + 64)}`;
  return (code >= 0x80 && code < 0xa0) || code === 0xfffd ? undefined : character;
}

function altEvents(character: string): readonly InputEvent[] {
  const name = characterName(character);
  return name === undefined ? [] : [key(name.startsWith('ctrl-') ? `ctrl-alt-${name.slice(5)}` : `alt-${name}`)];
}

const finals: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  M: 'enter',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
};
const tildes: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
  ...Object.fromEntries([11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24].map((code, index) => [code, `f${index + 1}`])),
};

function ofCsi({params, final}: Extract<InputToken, {is: 'csi'}>): readonly InputEvent[] {
  const [first = '', second = '', third = ''] = params.split(';');
  if (final === 'Z') return named('tab', '1;2');
  if (final === 'u') return unicodeKey(first, second);
  if (final === '~') return first === '27' ? unicodeKey(third, second) : named(tildes[first], params);
  return named(finals[final], params);
}

/** `params`: `1;modifiers:event`. */
function named(name: string | undefined, params: string): readonly InputEvent[] {
  const [modifiers, event] = (params.split(';')[1] ?? '').split(':');
  if (name === undefined || event === RELEASED) return [];
  return [key(prefixOf(modifiers, true) + name)];
}

const RELEASED = '3';
const specials: Readonly<Record<number, string>> = {27: 'escape', 13: 'enter', 9: 'tab', 127: 'backspace', 8: 'backspace', 57414: 'enter'};
/** Keys of the number block, as kitty numbers them. */
const block: readonly string[] = [...'0123456789./*-+', 'enter', '='];
const blockMoves = ['left', 'right', 'up', 'down', 'page-up', 'page-down', 'home', 'end', 'insert', 'delete'];

/** A key by its code point: `code:shifted:base;modifiers:event` of kitty's protocol, or xterm's `27;modifiers;code`. */
function unicodeKey(codes: string, rest: string): readonly InputEvent[] {
  const [plain, shifted] = codes.split(':').map(Number);
  const [modifiers, event] = rest.split(':');
  if (event === RELEASED || plain === undefined || !(plain > 0) || plain > 0x10ffff) return [];
  const special = specials[plain] ?? block[plain - 57399] ?? blockMoves[plain - 57417];
  if (special !== undefined) return [key(prefixOf(modifiers, special.length > 1) + special)];
  // Other keys without a character: locks, modifiers, media.
  if (plain >= 0xe000 && plain <= 0xf8ff) return [];
  const isShifted = ((Number(modifiers || '1') - 1) & 1) === 1;
  const character = String.fromCodePoint(isShifted ? shifted || plain : plain);
  const isPlain = prefixOf(modifiers, false) === '';
  const shown = isShifted && !shifted && isPlain ? character.toUpperCase() : character;
  return [key(prefixOf(modifiers, false) + (shown === ' ' && !isPlain ? 'space' : shown))];
}

function prefixOf(modifiers: string | undefined, withShift: boolean): string {
  const bits = Math.max(0, Number(modifiers || '1') - 1);
  return `${(bits & 4) === 0 ? '' : 'ctrl-'}${(bits & 2) === 0 ? '' : 'alt-'}${withShift && (bits & 1) === 1 ? 'shift-' : ''}`;
}

/** Sideways nothing scrolls. */
const wheel: readonly (MouseAction | undefined)[] = ['wheel-up', 'wheel-down'];
const buttons: readonly MouseButton[] = ['left', 'middle', 'right', 'none'];

function mouse(params: string, final: 'M' | 'm'): readonly InputEvent[] {
  const [code, x, y] = params.split(';').map(Number);
  if (code === undefined || !(x! >= 1) || !(y! >= 1)) return [];
  const action = mouseAction(code, final);
  if (action === undefined) return [];
  const button = code >= 64 ? 'none' : buttons[code & 3]!;
  const [shift, alt, ctrl] = [(code & 4) !== 0, (code & 8) !== 0, (code & 16) !== 0];
  return [{type: 'mouse', action, button, column: x! - 1, row: y! - 1, shift, alt, ctrl}];
}

function mouseAction(code: number, final: 'M' | 'm'): MouseAction | undefined {
  if (code >= 128) return undefined;
  if (code >= 64) return wheel[code & 3];
  if ((code & 32) !== 0) return (code & 3) === 3 ? undefined : 'drag';
  return final === 'm' ? 'release' : 'press';
}
