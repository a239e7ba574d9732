/** Token buckets by key, in this process alone: each holds `burst` and gains `perSecond`. A bucket that is full again is forgotten. */
export interface RateLimit {
  /** Takes `cost` and answers 0; where there is not enough, takes nothing and answers the milliseconds until there is. */
  take(key: string, cost?: number): number;
  /** What `take` would answer, taking nothing. */
  waitMs(key: string, cost?: number): number;
}

export interface RateLimitOptions {
  readonly burst: number;
  readonly perSecond: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

interface Bucket {
  left: number;
  at: number;
}

const mostKeys = 50_000;

export function createRateLimit({burst, perSecond, now = () => performance.now()}: RateLimitOptions): RateLimit {
  const buckets = new Map<string, Bucket>();
  const leftIn = (bucket: Bucket | undefined, at: number) =>
    bucket === undefined ? burst : Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * perSecond);
  const forget = (at: number) => {
    for (const [key, bucket] of buckets) if (leftIn(bucket, at) >= burst) buckets.delete(key);
    // All of them in use at once: the ones longest in use begin anew.
    for (const key of buckets.keys()) {
      if (buckets.size <= mostKeys / 2) return;
      buckets.delete(key);
    }
  };
  // A millisecond told and waited may gain a hair less than it was worked out to.
  const waitFor = (left: number, cost: number) =>
    left + 1e-6 >= cost ? 0 : Math.ceil(((Math.min(cost, burst) - left) / perSecond) * 1_000);
  return {
    waitMs: (key, cost = 1) => waitFor(leftIn(buckets.get(key), now()), cost),
    take(key, cost = 1) {
      const at = now();
      const left = leftIn(buckets.get(key), at);
      const wait = waitFor(left, cost);
      if (wait > 0) return wait;
      if (buckets.size >= mostKeys && !buckets.has(key)) forget(at);
      buckets.set(key, {left: left - cost, at});
      return 0;
    },
  };
}
