import {createHash} from 'node:crypto';
import type {Redis} from 'ioredis';

/** What runs scripts and commands; errors are already translated (`REDIS_UNAVAILABLE`). */
export interface Runner {
  readonly redis: Redis;
  translate(error: unknown): unknown;
}

/** Calls a script by its hash, and by its text where Redis has forgotten it (restart, SCRIPT FLUSH). */
export function createScript(text: string) {
  const sha = createHash('sha1').update(text).digest('hex');
  return async (runner: Runner, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> => {
    try {
      return await runner.redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw runner.translate(error);
    }
    try {
      return await runner.redis.eval(text, keys.length, ...keys, ...args);
    } catch (error) {
      throw runner.translate(error);
    }
  };
}
