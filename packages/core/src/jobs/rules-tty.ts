import type {ExecRequest} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {JobSpec, Tty} from '../protocol/index.ts';

/** How long a program goes on while nobody looks at its terminal (R35). */
const detachedMs = 24 * 3_600_000;

/** A terminal's input is typed by who looks on; there is no other. */
export function ttyFor({tty, stdin}: {tty?: ExecRequest['tty']; stdin?: boolean | undefined}): {tty?: Tty} {
  if (tty === undefined) return {};
  if (stdin === true) throw new BoxyardError('INVALID_INPUT', {field: 'stdin', issue: 'a command at a terminal has its input from there'});
  return {tty: {columns: tty.columns, rows: tty.rows, detachedMs: tty.detachedMs ?? detachedMs}};
}

/** What counts against a tenant's live sessions while it has not ended: a terminal or a display. */
export const isLiveSession = (spec: JobSpec): boolean => spec.kind === 'display' || ttyOf(spec) !== undefined;

/** The terminal a job's command is to have. */
export const ttyOf = (spec: JobSpec): Tty | undefined =>
  spec.kind === 'exec' ? spec.command.tty : spec.kind === 'run' ? spec.tty : undefined;
