import {boolean} from '@oclif/core/flags';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {renderError} from '../render-error.ts';
import {withoutWaiting} from '../screen/terminal-writes.ts';
import {ringOnAsks} from '../services/asks.ts';
import {commandExit, failureOf} from '../services/job-exit.ts';
import {viewTerminal} from '../tty/terminal-view.ts';
import type {Context} from './context.ts';

export interface FollowTerminal {
  readonly isReadonly?: boolean;
  /** How it is found again, for the person who detaches. */
  readonly again: string;
}

/** Both ends of the person's terminal must be one. */
export const hasTerminal = ({program}: Context): boolean => program.stdin.isTTY === true && program.stdout.isTTY === true;

export function checkTerminal(context: Context, hint: string): void {
  if (!hasTerminal(context)) throw new BoxyardError('NEEDS_TTY', {what: 'This', hint});
}

export const tty = boolean({char: 't', description: 'give it this terminal (with -i: -it)'});

/** `-it`, as other tools have it: a terminal is typed into, so -t alone means the same. */
export function checkTty(context: Context, flags: {readonly tty: boolean; readonly detach: boolean}, words: string): void {
  if (!flags.tty) return;
  if (flags.detach) throw new BoxyardError('INVALID_INPUT', {field: '--tty', issue: 'does not go together with --detach'});
  checkTerminal(context, `${words} without -t`);
}

export const terminalSize = ({program}: Context): {columns: number; rows: number} => ({
  columns: Math.min(program.stdout.columns ?? 80, 1_000),
  rows: Math.min(program.stdout.rows ?? 24, 1_000),
});

/** Makes the person's terminal a window on the job's, and resolves to the CLI's exit code: the command's own, 0 where it was left. */
export async function followTerminal(
  context: Context,
  client: Client,
  job: JobView,
  {isReadonly = false, again}: FollowTerminal,
): Promise<number> {
  const {program, flags, say, colours} = context;
  const leaving = new AbortController();
  const leave = () => leaving.abort(new BoxyardError('INTERRUPTED', {}, {message: `Left; it goes on. Back: ${again}`, hint: ''}));
  const releases = (['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGPIPE'] as const).map(name => program.onSignal(name, leave));
  const over = new AbortController();
  if (context.setting('bell') === 'on') void ringOnAsks(client, {ring: text => void program.stdout.write(text), signal: over.signal});
  try {
    const {Picture} = await import('../tty/picture.ts');
    const view = () =>
      viewTerminal({
        Picture,
        local: program,
        job: job.id,
        leader: context.setting('leader'),
        isReadonly,
        signal: leaving.signal,
        open: (options, handlers) => client.terminal(options, handlers),
        output: from => client.jobsLogs({job: job.id, query: {stream: 'stdout', from, follow: 'true'}}),
      });
    const left = await withoutWaiting([program.stdout, program.stderr], view);
    if (left.how === 'detached') {
      say(`Detached; it goes on. Back: ${again}`);
      return 0;
    }
    const failure = failureOf(left.job);
    if (failure !== undefined)
      program.stderr.write(renderError(failure, {json: flags.json, debug: flags.debug, runsCommand: true, bold: colours.bold}));
    return commandExit(left.job);
  } finally {
    over.abort();
    releases.forEach(release => release());
  }
}
