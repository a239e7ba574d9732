import type {ColourTier} from '../downgrade.ts';
import type {Probed} from '../probe.ts';
import type {Size} from '../viewport.ts';
import type {Tmux} from './tmux.ts';

export type GraphicsKind = 'kitty' | 'kitty-placeholder' | 'iterm' | 'sixel' | 'half' | 'quadrant' | 'ascii';
export type GraphicsWish = GraphicsKind | 'auto';

/** What is known of a terminal. */
export interface Seen {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly colours: ColourTier;
  readonly probed?: Probed | undefined;
  readonly tmux?: Tmux | undefined;
  /** In cells. */
  readonly size: {readonly columns: number; readonly rows: number};
}

export interface Chosen {
  readonly kind: GraphicsKind;
  /** For a person. */
  readonly why: string;
  /** Pixels of a cell: what the terminal said, or a guess, with which kitty and iTerm2 scale what they show. */
  readonly cell: Size;
}

const guess: Size = {width: 8, height: 16};
/** More would be a terminal's joke at the cost of our memory. */
export const MOST_CELL = 200;

/** What a wish comes to without a question; undefined where the terminal has to be asked. */
export function chosenUnasked(wish: GraphicsWish, {env, colours}: Pick<Seen, 'env' | 'colours'>): Chosen | undefined {
  if (wish === 'half' || wish === 'quadrant' || wish === 'ascii') return {kind: wish, why: 'asked for', cell: guess};
  if (wish !== 'auto') return undefined;
  if (env['TERM'] === 'linux') return {kind: 'ascii', why: 'the console of Linux has no such characters', cell: guess};
  return colours === 'none' ? {kind: 'ascii', why: 'no colours are wanted', cell: guess} : undefined;
}

export function chooseGraphics(wish: GraphicsWish, seen: Seen): Chosen {
  const unasked = chosenUnasked(wish, seen);
  if (unasked !== undefined) return unasked;
  const cell = cellOf(seen);
  if (wish !== 'auto')
    return {kind: isBehind(seen) && wish === 'kitty' ? 'kitty-placeholder' : wish, why: 'asked for', cell: cell ?? guess};
  return {...(isBehind(seen) ? behindTmux(seen) : inFront(seen, cell !== undefined)), cell: cell ?? guess};
}

type Kind = Omit<Chosen, 'cell'>;

/** A multiplexer draws what the terminal shows: what it does not know of ends at the wrong place. */
export const isBehind = ({env, probed}: Pick<Seen, 'env' | 'probed'>): boolean =>
  Boolean(env['TMUX'] || env['STY']) || /^(?:tmux|screen)/.test(env['TERM'] ?? '') || /^(?:tmux|screen)/i.test(probed?.name ?? '');

function behindTmux({tmux}: Seen): Kind {
  if (tmux === undefined) return {kind: 'half', why: 'behind a multiplexer that cannot be asked'};
  if (!/kitty|ghostty/i.test(tmux.terminal)) return {kind: 'half', why: 'the terminal in front of tmux shows no placeholders for pictures'};
  if (!tmux.isPassingThrough) return {kind: 'half', why: 'tmux passes no pictures on (set -g allow-passthrough on)'};
  return {kind: 'kitty-placeholder', why: 'tmux passes pictures on to a terminal that shows them'};
}

function inFront({probed}: Seen, isCellKnown: boolean): Kind {
  if (probed === undefined || !probed.isAnswered) return {kind: 'half', why: 'the terminal did not answer in time'};
  const name = probed.name ?? '';
  if (probed.hasKittyGraphics)
    return hasPlaceholders(name)
      ? {kind: 'kitty-placeholder', why: 'it shows pictures by kitty’s protocol, with placeholders'}
      : {kind: 'kitty', why: 'it shows pictures by kitty’s protocol'};
  // No question is known for it.
  if (/^(?:iTerm2|WezTerm|mintty)/i.test(name)) return {kind: 'iterm', why: 'its name is of those that show pictures by OSC 1337'};
  if (probed.hasSixel) {
    if (isCellKnown) return {kind: 'sixel', why: 'it shows sixels'};
    return {kind: 'half', why: 'it shows sixels, but does not say how large a cell is'};
  }
  return {kind: 'half', why: 'it says of no pictures'};
}

/** Others that know the protocol print the characters. */
function hasPlaceholders(name: string): boolean {
  const [, major, minor] = /^kitty[ (](\d+)\.(\d+)/i.exec(name) ?? [];
  return /^ghostty/i.test(name) || (major !== undefined && Number(major) * 1_000 + Number(minor) >= 28);
}

function cellOf({probed, tmux, size}: Seen): Size | undefined {
  const {cell, window} = probed ?? {};
  const found =
    cell ?? tmux?.cell ?? (window && {width: Math.floor(window.width / size.columns), height: Math.floor(window.height / size.rows)});
  const isOne = found !== undefined && [found.width, found.height].every(pixels => pixels >= 1 && pixels <= MOST_CELL);
  return isOne ? found : undefined;
}
