import {createHash} from 'node:crypto';
import {Command, type Redis} from 'ioredis';

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
      return await call(runner, 'evalsha', sha, {keys, args});
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw runner.translate(error);
    }
    try {
      return await call(runner, 'eval', text, {keys, args});
    } catch (error) {
      throw runner.translate(error);
    }
  };
}

/** At once: a script is a batch of its own, which need not wait for the turn's other commands. */
const call = (
  {redis}: Runner,
  name: string,
  script: string,
  {keys, args}: {readonly keys: readonly string[]; readonly args: readonly (string | number)[]},
): Promise<unknown> =>
  redis.sendCommand(new Command(name, [script, keys.length, ...keys, ...args], {replyEncoding: 'utf8'})) as Promise<unknown>;
