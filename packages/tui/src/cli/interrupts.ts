import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from './context.ts';

type Interrupt = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE';
const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const;

/** As whoever looks at the job later reads it. */
const reasons: Readonly<Record<Interrupt, string>> = {
  SIGINT: 'Ctrl-C where it was followed',
  SIGTERM: 'its client was told to end',
  SIGHUP: 'its client’s terminal went away',
  SIGPIPE: 'nobody read its output any more',
};

/**
 * Ctrl-C while a job is followed: the first cancels it, the second leaves at once. A reader of its output that has gone
 * (`SIGPIPE`) cancels it too, since nobody would see the rest, and leaves. `SIGQUIT` (Ctrl-\) leaves and cancels nothing. Call
 * `release` at the end.
 */
export interface Interrupts {
  /** Aborts when the person wants to leave now. */
  readonly leaving: AbortSignal;
  /** The signal that came first. */
  readonly first: () => Interrupt | undefined;
  /** Resolves when the cancelling has been answered, at once where there was none. */
  readonly told: () => Promise<unknown>;
  release(): void;
}

export function watchInterrupts({program, say}: Context, client: Client, job: string): Interrupts {
  const leave = new AbortController();
  let first: Interrupt | undefined;
  let told: Promise<unknown> = Promise.resolve();
  const cancel = () => {
    say(first === 'SIGPIPE' ? `Nobody reads the output: cancelling job ${job}.` : `Cancelling job ${job}. Ctrl-C again leaves at once.`);
    return client
      .jobsCancel({job, body: {reason: reasons[first ?? 'SIGINT']}})
      .catch((error: unknown) => say(`The job could not be cancelled: ${(error as Error).message}`))
      .then(() => first === 'SIGPIPE' && leave.abort(new BoxyardError('INTERRUPTED')));
  };
  const on = (name: Interrupt) => () => {
    if (first === undefined) {
      first = name;
      told = cancel();
      return;
    }
    if (name === 'SIGPIPE') return;
    say(`Job ${job} may still run. See: boxyard jobs show ${job}`);
    leave.abort(new BoxyardError('INTERRUPTED'));
  };
  const goAway = () => {
    say(`Job ${job} goes on. Follow: boxyard jobs logs ${job} -f`);
    leave.abort(new BoxyardError('INTERRUPTED'));
  };
  const releases = [...interrupts.map(name => program.onSignal(name, on(name))), program.onSignal('SIGQUIT', goAway)];
  return {leaving: leave.signal, first: () => first, told: () => told, release: () => releases.forEach(release => release())};
}

/** Ctrl-C where nothing is left behind that would have to be told. `code` is what the command ends with. Call `release` at the end. */
export function watchEnding({program}: Context): {readonly leaving: AbortSignal; readonly code: () => number; release(): void} {
  const leave = new AbortController();
  let code = 0;
  const on = (name: Interrupt) => () => {
    code ||= name === 'SIGINT' ? 130 : 143;
    leave.abort(new BoxyardError('INTERRUPTED'));
  };
  const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name => program.onSignal(name, on(name)));
  return {leaving: leave.signal, code: () => code, release: () => releases.forEach(release => release())};
}

/** Ctrl-C where a job is only looked at: it goes on, and that is said. Call `release` at the end. */
export function watchLeaving({program, say}: Context, job: string): {readonly leaving: AbortSignal; release(): void} {
  const leave = new AbortController();
  const on = () => {
    say(`Job ${job} goes on. Stop it: boxyard jobs cancel ${job}`);
    leave.abort(new BoxyardError('INTERRUPTED'));
  };
  const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name => program.onSignal(name, on));
  return {leaving: leave.signal, release: () => releases.forEach(release => release())};
}
