import type {Redis} from 'ioredis';
import {BoxyardError} from '../errors/index.ts';

const againMs = 200;

/**
 * A Redis whose connection stands and that answers nothing: after the first call that waited in vain, the others fail at once until
 * it has answered again. What is refused after several calls would else wait as often.
 */
export function createHangGuard(redis: Redis): <T>(call: () => Promise<T>) => Promise<T> {
  let isHung = false;
  const watch = async () => {
    while (isHung && redis.status === 'ready') {
      isHung = await redis.ping().then(
        () => false,
        () => true,
      );
      if (isHung) await new Promise(resolve => setTimeout(resolve, againMs));
    }
    isHung = false;
  };
  return async call => {
    if (isHung) throw new BoxyardError('REDIS_UNAVAILABLE');
    try {
      return await call();
    } catch (error) {
      if (isTimeout(error) && !isHung) {
        isHung = true;
        void watch();
      }
      throw error;
    }
  };
}

const isTimeout = (error: unknown): boolean => {
  const cause = error instanceof BoxyardError ? error.cause : error;
  return cause instanceof Error && cause.message === 'Command timed out';
};
