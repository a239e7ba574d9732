import type {InputToken} from './input-tokens.ts';

/** What a terminal said of itself; what it did not answer is undefined. */
export interface Probed {
  /** It answered at all, before the deadline. */
  readonly isAnswered: boolean;
  /** Synchronized output (mode 2026) is known to it. */
  readonly isSynchronized?: boolean;
  readonly background?: 'light' | 'dark';
  readonly hasKittyKeyboard: boolean;
  /** Pixels of a cell. */
  readonly cell?: {readonly width: number; readonly height: number};
  /** As XTVERSION says it; letters, digits and the like only. */
  readonly name?: string;
  readonly hasSixel: boolean;
  /** It took a picture of one pixel by kitty's graphics protocol. Asked for by `graphicsQuery` alone. */
  readonly hasKittyGraphics: boolean;
  /** Pixels of all its cells together. */
  readonly window?: {readonly width: number; readonly height: number};
}

/** In one write; every terminal answers the last (DA1), so what has not been answered by then never will be. */
export const probeQuery = '\u001b[>q\u001b[16t\u001b[?2026$p\u001b]11;?\u001b\\\u001b[?u\u001b[c';

/**
 * The same about pictures too. Not for terminals behind a multiplexer: it would take the first for the title of its pane.
 */
export const graphicsQuery = `\u001b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u001b\\\u001b[14t${probeQuery}`;

/** How large a cell is, alone: what of it changes with the font. */
export const cellQuery = '\u001b[16t';

export const isSentinel = (token: InputToken): boolean => token.is === 'csi' && token.marker === '?' && token.final === 'c';

export function readReplies(replies: readonly InputToken[]): Probed {
  let probed: Probed = {isAnswered: false, hasKittyKeyboard: false, hasSixel: false, hasKittyGraphics: false};
  for (const reply of replies) probed = {...probed, ...(reply.is === 'csi' ? ofCsi(reply) : reply.is === 'string' ? ofString(reply) : {})};
  return probed;
}

function ofCsi({marker, params, inner, final}: Extract<InputToken, {is: 'csi'}>): Partial<Probed> {
  const values = params.split(';').map(Number);
  if (marker === '?' && final === 'c') return {isAnswered: true, hasSixel: values.slice(1).includes(4)};
  if (marker === '?' && final === 'u') return {hasKittyKeyboard: true};
  // 0: unknown, 4: can never be set.
  if (final === 'y' && inner === '$' && values[0] === 2026) return {isSynchronized: values[1] !== 0 && values[1] !== 4};
  const [kind, height = 0, width = 0] = values;
  if (final !== 't' || !(height > 0 && width > 0)) return {};
  return kind === 6 ? {cell: {width, height}} : kind === 4 ? {window: {width, height}} : {};
}

function ofString({introducer, text}: Extract<InputToken, {is: 'string'}>): Partial<Probed> {
  if (introducer === 'P' && text.startsWith('>|'))
    return {
      name: text
        .slice(2)
        .replaceAll(/[^\w .()+-]/g, '')
        .slice(0, 64),
    };
  if (introducer === '_' && /^Gi=31;OK$/.test(text)) return {hasKittyGraphics: true};
  const found = introducer === ']' ? /^11;rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i.exec(text) : null;
  if (found === null) return {};
  const [red, green, blue] = found.slice(1).map(part => parseInt(part, 16) / (16 ** part.length - 1));
  return {background: 0.299 * red! + 0.587 * green! + 0.114 * blue! > 0.5 ? 'light' : 'dark'};
}
