import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from './context.ts';

/** Ctrl-C while a job is followed: the first cancels it, the second leaves at once. Call `release` at the end. */
export interface Interrupts {
  /** Aborts when the person wants to leave now. */
  readonly leaving: AbortSignal;
  /** The signal that came first. */
  readonly first: () => 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
  release(): void;
}

export function watchInterrupts({program, say}: Context, client: Client, job: string): Interrupts {
  const leave = new AbortController();
  let first: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
  const cancel = () => {
    say(`Cancelling job ${job}. Ctrl-C again leaves at once.`);
    client
      .jobsCancel({job, body: {reason: first ?? 'SIGINT'}})
      .catch((error: unknown) => say(`The job could not be cancelled: ${(error as Error).message}`));
  };
  const on = (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => () => {
    if (first === undefined) {
      first = name;
      cancel();
      return;
    }
    say(`Job ${job} may still run. See: boxyard jobs show ${job}`);
    leave.abort(new BoxyardError('INTERRUPTED'));
  };
  const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name => program.onSignal(name, on(name)));
  return {leaving: leave.signal, first: () => first, release: () => releases.forEach(release => release())};
}
