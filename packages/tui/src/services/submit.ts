import {randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {isBoxyardError} from '@boxyard/core/errors';

export interface SubmitOptions {
  readonly key?: string | undefined;
  readonly giveUpAfterMs?: number;
  /** Called once, when the first answer was lost. */
  readonly onLost?: () => void;
}

const firstWaitMs = 250;
const mostWaitMs = 2_000;

/**
 * Sends one request until it is answered. Every try carries the same idempotency key, so what was accepted before its answer
 * got lost is not accepted again. A server that was never there is reported at once.
 */
export async function submit<T>(send: (key: string) => Promise<T>, options: SubmitOptions = {}): Promise<T> {
  const key = options.key ?? randomUUID();
  const deadline = performance.now() + (options.giveUpAfterMs ?? 60_000);
  for (let tries = 0, waitMs = firstWaitMs; ; tries++, waitMs = Math.min(mostWaitMs, waitMs * 2)) {
    try {
      return await send(key);
    } catch (error) {
      if (!isLost(error, tries) || performance.now() > deadline) throw error;
      if (tries === 0) options.onLost?.();
      await delay(waitMs);
    }
  }
}

/** Whether the answer may only have got lost. A server that refuses is waited for only after one that was there. */
function isLost(error: unknown, tries: number): boolean {
  if (!isBoxyardError(error)) return false;
  if (tries === 0) return error.code === 'SERVER_UNREACHABLE' && isBroken(error);
  return ['SERVER_UNREACHABLE', 'NO_SERVER', 'REDIS_UNAVAILABLE'].includes(error.code);
}

const isBroken = (error: Error): boolean => {
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE' || (error.cause instanceof Error && error.cause.message === 'socket hang up');
};
