import {entryOf, toWire, type BoxyardError} from '@boxyard/core/errors';
import {asJson} from './output/print.ts';
import {safeText} from './output/safe-text.ts';

export interface ErrorStyle {
  readonly json: boolean;
  readonly debug: boolean;
  /** `run` and `exec` keep the codes below 125 for the command they ran. */
  readonly runsCommand: boolean;
  /** Where the whole story of an unexpected error was written. */
  readonly logFile?: string | undefined;
  readonly bold?: (text: string) => string;
}

/** What is printed to stderr. Only the message and the way out, unless asked for more. */
export function renderError(error: BoxyardError, style: ErrorStyle): string {
  if (style.json) return `${asJson({error: {...toWire(error), exitCode: exitCodeOf(error, style)}}, 2)}\n`;
  const bold = style.bold ?? (text => text);
  const lines = [bold(safeText(error.message))];
  if (error.hint !== '') lines.push(safeText(error.hint));
  if (error.code === 'INTERNAL' && style.logFile !== undefined) lines.push(`Log: ${style.logFile}`);
  if (style.debug) lines.push(safeText(story(error)));
  return `${lines.join('\n')}\n`;
}

/** Exit codes stand in the catalogue. `run` and `exec` use 125 for failures of ours, but 2 for what was typed and 130 for Ctrl-C. */
export function exitCodeOf(error: BoxyardError, {runsCommand}: {readonly runsCommand: boolean}): number {
  const {exit} = entryOf(error.code);
  return runsCommand && exit !== 2 && exit !== 124 && exit !== 130 ? 125 : exit;
}

/** Stack and causes, for `--debug` and the log file. */
export function story(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${story(error.cause)}`;
}
