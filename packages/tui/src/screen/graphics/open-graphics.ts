import {randomInt} from 'node:crypto';
import type {ColourTier} from '../downgrade.ts';
import {graphicsQuery, probeQuery} from '../probe.ts';
import type {TtyIn} from '../tty-in.ts';
import {chooseGraphics, chosenUnasked, isBehind, type Chosen, type GraphicsKind, type GraphicsWish, type Seen} from './choose.ts';
import type {Graphics} from './graphics.ts';
import {iterm} from './iterm.ts';
import {kitty} from './kitty.ts';
import {SERIES} from './placeholders.ts';
import {sixel} from './sixel.ts';
import {askTmux, throughTmux} from './tmux.ts';

export interface AskOptions {
  readonly wish: GraphicsWish;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly colours: ColourTier;
  readonly stdout: {readonly columns?: number; readonly rows?: number; write(text: string): unknown};
  readonly input: Pick<TtyIn, 'probe'>;
}

const ANSWER_MS = 200;
const FAR_ANSWER_MS = 1_000;

/** Asks the terminal, where the wish leaves anything to ask, in one round trip. Never rejects for what a terminal does. */
export async function findGraphics(options: AskOptions): Promise<{readonly chosen: Chosen; readonly seen: Seen}> {
  const {wish, env, colours, stdout} = options;
  const seen = {env, colours, size: {columns: stdout.columns ?? 80, rows: stdout.rows ?? 24}};
  const unasked = chosenUnasked(wish, seen);
  return unasked === undefined ? askTerminal(options, seen) : {chosen: unasked, seen};
}

/** The same, and asks in any case. */
export async function askTerminal(
  {wish, env, stdout, input}: AskOptions,
  seen: Seen,
): Promise<{readonly chosen: Chosen; readonly seen: Seen}> {
  const within = env['SSH_TTY'] === undefined ? ANSWER_MS : FAR_ANSWER_MS;
  const query = isBehind({env, probed: undefined}) ? probeQuery : graphicsQuery;
  const [probed, tmux] = await Promise.all([input.probe(text => void stdout.write(text), within, query), askTmux(env)]);
  const all = {...seen, probed, tmux};
  return {chosen: chooseGraphics(wish, all), seen: all};
}

/** Undefined for what is drawn with characters. */
export function openGraphics(kind: GraphicsKind, seen: Pick<Seen, 'env' | 'probed'>): Graphics | undefined {
  // The series has to be another for each program on a terminal; those before and after may have the same.
  const wrap = seen.env['TMUX'] ? throughTmux : (sequence: string) => sequence;
  const asKitty = (hasPlaceholders: boolean) => kitty({hasPlaceholders, wrap, series: randomInt(1, SERIES + 1)});
  switch (kind) {
    case 'kitty':
    case 'kitty-placeholder':
      return asKitty(kind === 'kitty-placeholder');
    case 'iterm':
      return iterm();
    case 'sixel':
      return sixel();
    default:
      return undefined;
  }
}
