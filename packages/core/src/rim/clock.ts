/** Wall time is Redis's (R28), so servers with different clocks agree; `monotonic` never jumps and is for waits only. */
export interface Clock {
  /** Milliseconds since 1970 by Redis, as last measured. */
  now(): number;
  monotonic(): number;
}

export interface RedisClock extends Clock {
  /** Takes a reading of Redis `TIME`, halfway through a round trip of `roundTripMs`. */
  set(redisMs: number, roundTripMs: number): void;
}

export function createClock(): RedisClock {
  const monotonic = () => performance.now();
  let base = Date.now() - monotonic();
  return {
    now: () => Math.round(base + monotonic()),
    monotonic,
    set: (redisMs, roundTripMs) => {
      base = redisMs + roundTripMs / 2 - monotonic();
    },
  };
}

export const iso = (ms: number): string => new Date(ms).toISOString();
