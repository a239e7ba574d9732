import {BoxyardError, isBoxyardError, type ErrorCode} from '@boxyard/core/errors';

/** How long one call of an engine may take. Not scaled in tests: engines are as slow there as anywhere. */
export const CALL_MS = 60_000;

/** One engine call with a deadline. The signal handed on aborts at the deadline or when the caller's does. */
export async function withDeadline<T>(
  what: {engine: string; call: string; ms: number},
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const both = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
  const {promise, reject} = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new BoxyardError('ENGINE_TIMEOUT', what);
    late.abort(error);
    reject(error);
  }, what.ms);
  const stop = () => reject(signal?.reason as Error);
  signal?.addEventListener('abort', stop, {once: true});
  try {
    signal?.throwIfAborted();
    return await Promise.race([work(both), promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** The engine did not answer, or answered with a fault of its own: it may have done what it was asked all the same. */
export const isInDoubt = (error: unknown): boolean =>
  isBoxyardError(error) &&
  (['ENGINE_UNAVAILABLE', 'ENGINE_TIMEOUT', 'ENGINE_FAILED'] satisfies ErrorCode[] as string[]).includes(error.code);
