import type {Redis} from 'ioredis';

/** Why Redis cannot be relied on now. Not away: it answers, and has gone and come back too often to be believed. */
export interface RedisTrouble {
  readonly isAway: boolean;
  readonly why: string;
}

const answerMs = 1_000;
const windowMs = 60_000;
const mostReturns = 1;

/** Of a connection that is open. Asks it: a connection that stands says nothing of a Redis that hangs, nor of one that dies as soon as it has been started. */
export function watchTrouble(redis: Redis): () => Promise<RedisTrouble | undefined> {
  let returns: readonly number[] = [];
  redis.on('ready', () => {
    const now = performance.now();
    returns = [...returns.filter(at => now - at < windowMs), now];
  });
  return async () => {
    if (redis.status !== 'ready') return {isAway: true, why: 'Redis does not answer'};
    if (!(await answers(redis))) return {isAway: true, why: `Redis does not answer within ${answerMs / 1_000} s`};
    const count = returns.filter(at => performance.now() - at < windowMs).length;
    return count > mostReturns ? {isAway: false, why: `Redis went away ${count} times in the last minute`} : undefined;
  };
}

async function answers(redis: Redis): Promise<boolean> {
  const {promise: late, resolve} = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), answerMs);
  const asked = redis.ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
