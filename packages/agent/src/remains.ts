import type {Attempt} from '@boxyard/core/protocol';
import type {Parts} from './steps/index.ts';

type Of = {readonly job: string; readonly attempt: Attempt};

const mostWaitMs = 600_000;

/**
 * What an attempt wrote that another one followed: its log is kept beside the later one, so the rest is sent before it is let
 * go. Not in the journal: a restart of the agent ends it, and so do ten minutes without an answer.
 */
export class Remains {
  readonly #parts: Pick<Parts, 'host' | 'outputs'>;
  readonly #waiting = new Map<string, {readonly letGo: () => void; readonly timer: NodeJS.Timeout}>();

  constructor(parts: Pick<Parts, 'host' | 'outputs'>) {
    this.#parts = parts;
  }

  /** Call it when nothing of the attempt runs any more; `letGo` is called once. */
  async deliver(of: Of, letGo: () => void): Promise<void> {
    const {host, outputs} = this.#parts;
    const timer = setTimeout(() => this.drop(of), mostWaitMs).unref();
    this.#waiting.set(of.attempt.id, {letGo, timer});
    const written = await host.lengths(of).catch(() => undefined);
    if (written === undefined) return this.drop(of);
    outputs.finish(of, written.lengths, written.gaps);
    if (outputs.isDelivered(of)) this.drop(of);
  }

  /** Everything came, or the server does not want it. Idempotent. */
  drop(of: Of): void {
    const waiting = this.#waiting.get(of.attempt.id);
    if (waiting === undefined) return;
    this.#waiting.delete(of.attempt.id);
    clearTimeout(waiting.timer);
    waiting.letGo();
  }
}
