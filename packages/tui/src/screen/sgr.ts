import {attribute, plainStyle, rgb, sameStyle, type Style} from './style.ts';

/** The pen after `CSI params m`. What has no meaning here (blinking, fonts, underline colours) changes nothing. */
export function afterSgr(pen: Style, params: string): Style {
  const codes = params === '' ? ['0'] : params.split(';');
  let next = pen;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at]!;
    const number = Number(code.split(':', 1)[0]);
    if (number === 38 || number === 48 || number === 58) {
      const [colour, used] = code.includes(':') ? [wideColour(code.split(':').slice(1)), 0] : longColour(codes, at + 1);
      at += used;
      if (colour !== undefined && number !== 58) next = {...next, [number === 38 ? 'foreground' : 'background']: colour};
    } else next = afterCode(next, number, code);
  }
  return next;
}

function afterCode(pen: Style, code: number, whole: string): Style {
  if (code === 0) return plainStyle;
  const bit = whole === '4:0' ? undefined : on[code];
  if (bit !== undefined) return {...pen, attributes: pen.attributes | bit};
  const cleared = whole === '4:0' ? attribute.underline : off[code];
  if (cleared !== undefined) return {...pen, attributes: pen.attributes & ~cleared};
  if (code >= 30 && code <= 37) return {...pen, foreground: code - 30};
  if (code >= 90 && code <= 97) return {...pen, foreground: code - 82};
  if (code >= 40 && code <= 47) return {...pen, background: code - 40};
  if (code >= 100 && code <= 107) return {...pen, background: code - 92};
  if (code === 39) return {...pen, foreground: -1};
  return code === 49 ? {...pen, background: -1} : pen;
}

const {bold, dim, italic, underline, inverse, hidden, strike} = attribute;
const on: Readonly<Record<number, number>> = {1: bold, 2: dim, 3: italic, 4: underline, 21: underline, 7: inverse, 8: hidden, 9: strike};
const off: Readonly<Record<number, number>> = {
  22: bold | dim,
  23: italic,
  24: underline,
  27: inverse,
  28: hidden,
  29: strike,
};

/** `5;n` or `2;r;g;b` behind 38: the colour, and how many parameters it took. */
function longColour(codes: readonly string[], at: number): readonly [number | undefined, number] {
  if (codes[at] === '5') return [palette(codes[at + 1]), 2];
  if (codes[at] === '2') return [fromParts(codes.slice(at + 1, at + 4)), 4];
  return [undefined, 0];
}

/** `5:n`, `2:r:g:b`, or with a colour space `2::r:g:b`. */
function wideColour(values: readonly string[]): number | undefined {
  if (values[0] === '5') return palette(values[1]);
  return values[0] === '2' ? fromParts(values.slice(-3)) : undefined;
}

const byte = (text: string | undefined): number | undefined => {
  const value = Number(text);
  return text !== undefined && text !== '' && value >= 0 && value <= 255 ? value : undefined;
};
const palette = byte;
const fromParts = (values: readonly string[]): number | undefined => {
  const [red, green, blue] = values.map(value => byte(value || '0'));
  return red === undefined || green === undefined || blue === undefined ? undefined : rgb(red, green, blue);
};

/** The shortest that turns one pen into another. */
export function sgrBetween(from: Style, to: Style): string {
  if (sameStyle(from, to)) return '';
  if (sameStyle(to, plainStyle)) return '\u001b[m';
  const whole = codesFrom(plainStyle, to);
  const step = codesFrom(from, to);
  const anew = ['0', ...whole].join(';');
  const changed = step.join(';');
  return `\u001b[${changed.length <= anew.length ? changed : anew}m`;
}

const marks: readonly (readonly [bit: number, on: string, off: string])[] = [
  [italic, '3', '23'],
  [underline, '4', '24'],
  [inverse, '7', '27'],
  [hidden, '8', '28'],
  [strike, '9', '29'],
];

function codesFrom(from: Style, to: Style): string[] {
  const codes: string[] = [];
  let had = from.attributes;
  // One code ends both.
  if ((had & ~to.attributes & (bold | dim)) !== 0) {
    codes.push('22');
    had &= ~(bold | dim);
  }
  if ((to.attributes & ~had & bold) !== 0) codes.push('1');
  if ((to.attributes & ~had & dim) !== 0) codes.push('2');
  for (const [bit, set, unset] of marks) {
    if ((had & bit) !== (to.attributes & bit)) codes.push((to.attributes & bit) === 0 ? unset : set);
  }
  if (from.foreground !== to.foreground) codes.push(colourCode(to.foreground, 30));
  if (from.background !== to.background) codes.push(colourCode(to.background, 40));
  return codes;
}

function colourCode(colour: number, base: 30 | 40): string {
  if (colour < 0) return String(base + 9);
  if (colour < 8) return String(base + colour);
  if (colour < 16) return String(base + 52 + colour);
  if (colour < 256) return `${base + 8};5;${colour}`;
  return `${base + 8};2;${(colour >> 16) & 255};${(colour >> 8) & 255};${colour & 255}`;
}
