import {isTrue, parts, type Style} from './style.ts';

/** What a terminal can show. `none` (NO_COLOR) keeps bold, dim, underline and inverse: a selection must stay visible. */
export type ColourTier = 'none' | '16' | '256' | 'truecolor';

/** By what the environment says; a setting of the person's goes before it. */
export function tierOf(env: Readonly<Record<string, string | undefined>>): ColourTier {
  if (env['NO_COLOR'] || env['BOXYARD_NO_COLOR'] || env['TERM'] === 'dumb') return 'none';
  if (/^(?:truecolor|24bit)$/i.test(env['COLORTERM'] ?? '')) return 'truecolor';
  const term = env['TERM'] ?? '';
  if (/-direct$|^xterm-(?:kitty|ghostty)$/.test(term)) return 'truecolor';
  return /256color/.test(term) ? '256' : '16';
}

export function styleFor(tier: ColourTier): (style: Style) => Style {
  if (tier === 'truecolor') return style => style;
  const colour = tier === 'none' ? () => -1 : tier === '256' ? toPalette : toBasic;
  return ({foreground, background, attributes}) => ({foreground: colour(foreground), background: colour(background), attributes});
}

/** So much nearer another colour has to be than the one that is shown, in squares: what changes little must not flicker. */
const MUCH_NEARER = 0.5;

/**
 * For colours that come again and again, as of pictures: what of the terminal's is shown for a colour (as `rgb` has it) where
 * `shown` is. Stays with that while no other is much nearer.
 */
export function steadyColour(tier: ColourTier): ((colour: number, shown: number) => number) | undefined {
  if (tier !== '256' && tier !== '16') return undefined;
  const nearest = tier === '256' ? toPalette : toBasic;
  return (colour, shown) => {
    if (!isTrue(colour)) return colour;
    const found = nearest(colour);
    if (found === shown || shown < 0 || isTrue(shown)) return found;
    const wanted = parts(colour);
    return distance(wanted, partsOf(found)) < distance(wanted, partsOf(shown)) * MUCH_NEARER ? found : shown;
  };
}

/** Nearest of the 6×6×6 cube and the greys; what is in the palette already stays. */
function toPalette(colour: number): number {
  if (!isTrue(colour)) return colour;
  const [red, green, blue] = parts(colour);
  const [r, g, b] = [step(red), step(green), step(blue)];
  const cube = 16 + 36 * r + 6 * g + b;
  const level = Math.min(23, Math.max(0, Math.round((red + green + blue) / 3 / 10 - 0.8)));
  const grey = 8 + level * 10;
  const toGrey = distance([red, green, blue], [grey, grey, grey]);
  return toGrey < distance([red, green, blue], [levels[r]!, levels[g]!, levels[b]!]) ? 232 + level : cube;
}

const levels = [0, 95, 135, 175, 215, 255];
const step = (value: number): number => (value < 48 ? 0 : value < 115 ? 1 : Math.floor((value - 35) / 40));

/** Nearest of the sixteen, as xterm has them. */
function toBasic(colour: number): number {
  if (colour < 16) return colour;
  const wanted = isTrue(colour) ? parts(colour) : partsOf(colour);
  let best = 7;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, candidate] of basic.entries()) {
    const far = distance(wanted, candidate);
    if (far < least) [best, least] = [index, far];
  }
  return best;
}

type Parts = readonly [number, number, number];

/** Of a colour of the cube or a grey. */
export function partsOf(index: number): Parts {
  if (index < 16) return basic[index]!;
  if (index >= 232) return [8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10];
  const at = index - 16;
  return [levels[Math.floor(at / 36)]!, levels[Math.floor(at / 6) % 6]!, levels[at % 6]!];
}

const distance = (a: Parts, b: Parts): number => (a[0] - b[0]) ** 2 * 3 + (a[1] - b[1]) ** 2 * 6 + (a[2] - b[2]) ** 2;

const basic: readonly Parts[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

/** Lines, blocks, marks and typography as ASCII of the same width; letters of other scripts stay what they are. */
export function toAscii(character: string): string {
  if (character.length > 1) return character;
  const code = character.charCodeAt(0);
  if (code < 0x80) return character;
  const known = lookalikes[character];
  if (known !== undefined) return known;
  if (code >= 0x2500 && code <= 0x257f) return '+';
  if (code >= 0x2580 && code <= 0x259f) return '#';
  return code >= 0x2801 && code <= 0x28ff ? ':' : character;
}

const lookalikes: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['─━┄┅┈┉╌╍╴╶╸╺╼╾–—−‐‑‒▁▔', '-'],
    ['═', '='],
    ['│┃┆┇┊┋╎╏║╵╷╹╻╽╿▏▕▎▍▌▐', '|'],
    ['╱', '/'],
    ['╲', '\\'],
    ['╳✖✗✕✘×', 'x'],
    ['░·…․⠀', '.'],
    ['▒', ':'],
    ['▀', '"'],
    ['▂▃▄', '_'],
    ['●•★◆◉⏺', '*'],
    ['○◦◌◇☆', 'o'],
    ['■▪▮', '#'],
    ['□▫▯', '.'],
    ['✔✓', 'v'],
    ['▲△▴↑⏶', '^'],
    ['▼▽▾↓⏷', 'v'],
    ['▶▸►▷→›❯»⏵', '>'],
    ['◀◂◄◁←‹❮«⏴', '<'],
    ['↵⏎␊', '$'],
    ['␍', '%'],
    ['‘’', "'"],
    ['“”', '"'],
    ['\u00a0', ' '],
  ].flatMap(([characters, ascii]) => [...characters!].map(character => [character, ascii!])),
);
