/** Waits 0.25, 0.5, … up to 5 s with jitter between attempts; an aborted signal ends the wait. */
export interface Backoff {
  next(): Promise<void>;
  reset(): void;
}

const FIRST_MS = 250;
const MOST_MS = 5_000;

export function backoff(signal?: AbortSignal): Backoff {
  let attempt = 0;
  return {
    reset: () => void (attempt = 0),
    async next() {
      const most = Math.min(MOST_MS, FIRST_MS * 2 ** attempt);
      attempt += 1;
      if (signal?.aborted === true) return;
      const {promise, resolve} = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, most / 2 + (Math.random() * most) / 2);
      const onAbort = () => resolve();
      signal?.addEventListener('abort', onAbort, {once: true});
      await promise;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
