import {spawn} from 'node:child_process';
import {text} from 'node:stream/consumers';
import type {Host} from '@boxyard/core/plugin-api';
import {faultOf} from './errors.ts';
import {cleanEnvironment, type Identity} from './identity.ts';

interface How {
  readonly host: Host;
  readonly doing: string;
  /** A program that fails is not minded. */
  readonly isTolerant?: boolean;
}

/** Runs a tool of the system on a box's files as the user they belong to, to its end. */
export const runAs = async (
  identity: Identity,
  [program = '', ...args]: readonly string[],
  {host, doing, isTolerant = false}: How,
): Promise<void> => {
  const child = spawn(program, args, {
    cwd: '/',
    env: cleanEnvironment(identity, '/', {}),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...identity.drop,
  });
  const closed = Promise.withResolvers<number | null>();
  child.once('error', error => closed.reject(faultOf(host, error, doing)));
  child.once('close', closed.resolve);
  const [said, code] = await Promise.all([text(child.stderr).catch(() => ''), closed.promise]);
  if (code !== 0 && !isTolerant) throw host.fault('failed', `${doing}: ${said.trim() || `${program} ended with ${code}`}`);
};
