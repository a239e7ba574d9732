import {isWide} from '@boxyard/core/vt';

/** One thing a person sees, and the columns it takes. */
export interface Cluster {
  readonly text: string;
  readonly width: number;
}

/**
 * Columns a text takes on a terminal, by the rules Ink lays out with: clusters of characters as one, emoji and East Asian
 * wide ones two, marks and control characters none. Cheap for Latin text and what our own lines are made of.
 */
export function textWidth(text: string): number {
  if (allPlain.test(text)) return text.length;
  let width = 0;
  for (const cluster of clusters(text)) width += cluster.width;
  return width;
}

/** Cut to `width` columns, with `…` where something is missing. */
export function clip(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  if (allPlain.test(text)) return `${text.slice(0, width - 1)}…`;
  let kept = '';
  let used = 0;
  for (const cluster of clusters(text)) {
    if (used + cluster.width > width - 1) break;
    kept += cluster.text;
    used += cluster.width;
  }
  return `${kept}…`;
}

export const pad = (text: string, width: number, align: 'left' | 'right' = 'left'): string => {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + space : space + text;
};

/** What `text` is made of; a cluster of width 0 shows nothing by itself. */
export function* clusters(text: string): Generator<Cluster, void> {
  for (let at = 0; at < text.length;) {
    const until = plainUntil(text, at);
    for (; at < until; at += 1) yield {text: text[at]!, width: 1};
    const end = special(text, at);
    if (end > at) yield* segmented(text.slice(at, end));
    at = end;
  }
}

/** One column each, and never part of a cluster unless a mark follows. */
const plainCharacters = '[\\x20-\\x7e\\xa1-\\xac\\xae-\\u02ff\\u2010-\\u2027\\u2500-\\u259f\\u25b2\\u25bc\\u25cb\\u25cf\\u2800-\\u28ff]*';
const plain = new RegExp(plainCharacters, 'y');
const allPlain = new RegExp(`^${plainCharacters}$`);

/** The last one is left out where something follows that may belong to it. */
function plainUntil(text: string, from: number): number {
  plain.lastIndex = from;
  plain.test(text);
  const end = plain.lastIndex;
  return end === text.length || end === from ? end : end - 1;
}

/** To where two plain characters follow each other: only the first of them can belong to what was before. */
function special(text: string, from: number): number {
  let plainBefore = false;
  for (let at = from; at < text.length; at += 1) {
    plain.lastIndex = at;
    plain.test(text);
    const isPlain = plain.lastIndex > at;
    if (isPlain && plainBefore) return at;
    plainBefore = isPlain && at > from;
  }
  return text.length;
}

const segmenter = new Intl.Segmenter();

function* segmented(text: string): Generator<Cluster, void> {
  for (const {segment} of segmenter.segment(text)) yield {text: segment, width: clusterWidth(segment)};
}

const visible = /[^\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Nonspacing_Mark}\p{Enclosing_Mark}\p{Surrogate}]/v;
const emoji = /^\p{RGI_Emoji}$/v;
const pictographs = /\p{Extended_Pictographic}/gu;
/** Takes room of its own within a cluster: spacing marks, and half-width voicing marks. */
const spacing = /^[\p{Spacing_Mark}\uff00-\uffef]$/u;

function clusterWidth(cluster: string): number {
  const first = cluster.search(visible);
  if (first < 0) return 0;
  if (emoji.test(cluster) || isLooseEmoji(cluster)) return 2;
  const [base, ...rest] = cluster.slice(first);
  const jamo = jamoWidth([base!, ...rest]);
  if (jamo !== undefined) return jamo;
  return rest.reduce((width, character) => width + (spacing.test(character) ? columnsOf(character) : 0), columnsOf(base!));
}

/** Emoji that lack the selector they should have: key caps, and several joined to one. */
function isLooseEmoji(cluster: string): boolean {
  if (/^[\d#*]\u20e3$/.test(cluster)) return true;
  return cluster.length <= 50 && cluster.includes('\u200d') && (cluster.match(pictographs)?.length ?? 0) > 1;
}

const isLead = (code: number) => (code >= 0x1100 && code <= 0x115f) || (code >= 0xa960 && code <= 0xa97c);
const isVowel = (code = 0) => (code >= 0x1160 && code <= 0x11a7) || (code >= 0xd7b0 && code <= 0xd7c6);
const isTail = (code = 0) => (code >= 0x11a8 && code <= 0x11ff) || (code >= 0xd7cb && code <= 0xd7fb);

/** Hangul in single letters: those of one syllable take the room of one, others add up. */
function jamoWidth(characters: readonly string[]): number | undefined {
  const codes = characters.filter(character => visible.test(character)).map(character => character.codePointAt(0)!);
  const isJamo = (code: number) => isLead(code) || isVowel(code) || isTail(code);
  if (codes.length === 0 || !isJamo(codes[0]!)) return undefined;
  let width = 0;
  let letters = true;
  for (let at = 0; at < codes.length; at += 1) {
    letters &&= isJamo(codes[at]!);
    width += isWide(codes[at]!) ? 2 : 1;
    if (letters && isLead(codes[at]!) && isVowel(codes[at + 1])) at += isTail(codes[at + 2]) ? 2 : 1;
  }
  return width;
}

const columnsOf = (character: string) => (isWide(character.codePointAt(0)!) ? 2 : 1);
