import {execFile} from 'node:child_process';
import type {Size} from '../viewport.ts';

/** What a tmux that we run in says about the terminal in front of it. */
export interface Tmux {
  /** It hands sequences on that are wrapped for it (`allow-passthrough`). */
  readonly isPassingThrough: boolean;
  /** TERM of that terminal, and what it calls itself. */
  readonly terminal: string;
  /** Pixels of a cell of it; tmux itself does not answer for them. */
  readonly cell?: Size;
}

const ANSWER_MS = 1_000;
const FORMAT = '#{allow-passthrough} #{client_cell_width}x#{client_cell_height} #{client_termname} #{client_termtype}';

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
  const [, passes = '', width = '', height = '', terminal = ''] = /^(\S*) (\d*)x(\d*) (.*)/.exec(answer) ?? [];
  const cell = {width: Number(width), height: Number(height)};
  return {
    isPassingThrough: /^(?:1|on|all)$/.test(passes),
    terminal: terminal.replaceAll(/[^\w .()+-]/g, '').trim(),
    ...(cell.width > 0 && cell.height > 0 ? {cell} : {}),
  };
}

export const throughTmux = (sequence: string): string => `\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
