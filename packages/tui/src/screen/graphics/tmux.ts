import {execFile} from 'node:child_process';
import type {Size} from '../viewport.ts';

/** What a tmux that we run in says about the terminal in front of it. */
export interface Tmux {
  /** It hands sequences on that are wrapped for it (`allow-passthrough`). */
  readonly isPassingThrough: boolean;
  /** TERM of that terminal, and what it calls itself. */
  readonly terminal: string;
  /** Bytes that it has thrown away because its terminal took them too slowly, from the beginning. */
  readonly discarded: number;
  /** Pixels of a cell of it; tmux itself does not answer for them. */
  readonly cell?: Size;
}

const ANSWER_MS = 1_000;
const FORMAT = '#{client_discarded} #{allow-passthrough} #{client_cell_width}x#{client_cell_height} #{client_termname} #{client_termtype}';

/** Undefined where no tmux is around us or it does not answer: then nothing is known about what it would do. */
export async function askTmux(env: Readonly<Record<string, string | undefined>>): Promise<Tmux | undefined> {
  if (!env['TMUX']) return undefined;
  const pane = env['TMUX_PANE'] ? ['-t', env['TMUX_PANE']] : [];
  const answer = await new Promise<string | undefined>(resolve => {
    execFile('tmux', ['display-message', '-p', ...pane, FORMAT], {env: {...env}, timeout: ANSWER_MS}, (error, stdout) =>
      resolve(error ? undefined : stdout),
    );
  });
  if (answer === undefined) return undefined;
  return readAnswer(answer);
}

export function readAnswer(answer: string): Tmux {
  // Those before 3.4 say 1, later ones on or all; those before 3.3 have no such setting, and say nothing.
  const [, discarded = '', passes = '', width = '', height = '', terminal = ''] = /^(\d*) (\S*) (\d*)x(\d*) (.*)/.exec(answer) ?? [];
  const cell = {width: Number(width), height: Number(height)};
  return {
    isPassingThrough: /^(?:1|on|all)$/.test(passes),
    discarded: Number(discarded),
    terminal: terminal.replaceAll(/[^\w .()+-]/g, '').trim(),
    ...(cell.width > 0 && cell.height > 0 ? {cell} : {}),
  };
}

export const throughTmux = (sequence: string): string => `\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;

/** Its own clock for starting again after it threw something away, and some. */
const LOOK_AFTER_MS = 250;

/** Looks, a while after pictures were passed to tmux, whether some of them went lost there, and tells. */
export class TmuxLosses {
  readonly #ask: () => Promise<Pick<Tmux, 'discarded'> | undefined>;
  readonly #lost: () => void;
  #known: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(known: number, ask: () => Promise<Pick<Tmux, 'discarded'> | undefined>, lost: () => void) {
    this.#known = known;
    this.#ask = ask;
    this.#lost = lost;
  }

  /** Something was written. Cheap; many calls are one look. */
  passed(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_AFTER_MS);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const tmux = await this.#ask();
    this.#timer = undefined;
    if (tmux === undefined || tmux.discarded === this.#known || this.#isClosed) return;
    this.#known = tmux.discarded;
    this.#lost();
  }
}
