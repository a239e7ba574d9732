import {BoxyardError} from '../errors/index.ts';
import {pluginError, type Asked} from './plugin-errors.ts';

/** How long a plugin may clean up after its signal aborted, before it is no longer waited for. */
const CLEAN_UP_MS = 5_000;

export interface Guarded<T> extends Asked {
  /** Absent: only the caller's signal ends the call. */
  readonly ms?: number | undefined;
  readonly signal: AbortSignal;
  /** Frees what arrives after nobody waits for it any more. */
  readonly dispose?: (late: T) => void;
}

/**
 * Runs one call of a plugin. It ends in time whatever the plugin does; the plugin's signal aborts at the deadline or with
 * the caller's, and never after the call has ended, so that a stream that came out of it lives on.
 */
export const guardedCall = async <T>(asked: Guarded<T>, run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  asked.signal.throwIfAborted();
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  let isGivenUp = false;
  let cleanUp: NodeJS.Timeout | undefined;
  const abort = (reason: unknown): void => {
    controller.abort(reason);
    cleanUp ??= setTimeout(() => late.reject(reason), CLEAN_UP_MS);
  };
  const onAbort = (): void => abort(asked.signal.reason);
  asked.signal.addEventListener('abort', onAbort, {once: true});
  const deadline = asked.ms === undefined ? undefined : setTimeout(() => abort(timedOut(asked)), asked.ms);
  const work = Promise.resolve().then(() => run(controller.signal));
  work.then(
    value => void (isGivenUp && asked.dispose?.(value)),
    () => undefined,
  );
  try {
    return await Promise.race([work, late.promise]);
  } catch (error) {
    isGivenUp = true;
    if (controller.signal.aborted) throw controller.signal.reason;
    throw pluginError(error, asked);
  } finally {
    clearTimeout(deadline);
    clearTimeout(cleanUp);
    asked.signal.removeEventListener('abort', onAbort);
  }
};

const timedOut = ({plugin, call, ms}: Asked & {readonly ms?: number | undefined}): BoxyardError =>
  new BoxyardError('ENGINE_TIMEOUT', {engine: plugin, call, ms});
