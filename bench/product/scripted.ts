import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {OwnRedis} from '../baselines/redis.ts';
import type {Lab} from '../lab.ts';
import {startUp, type Boxyard} from './boxyard.ts';

export const scriptedEngine = fileURLToPath(new URL('../../packages/core/src/testing/scripted-engine.ts', import.meta.url));

/** A job that does nothing on an engine that does nothing: what is left is Boxyard. */
export const scriptedJob = () => ({engine: 'scripted', image: 'localhost/nothing:1', command: ['true']});

/** Boxyard whose worker has the scripted engine, on a Redis that the baseline shares. */
export const startScripted = (lab: Lab, redis: OwnRedis, {slots}: {readonly slots: number}): Promise<Boxyard> =>
  startUp(lab, {redisUrl: redis.url, config: {worker: {slots, engines: [{name: 'scripted', module: scriptedEngine}]}}});

/** Boxyard on that Redis, for agents that are only simulated; `pid` is the server's alone. */
export async function startServer(lab: Lab, redis: OwnRedis): Promise<Boxyard & {readonly pid: number}> {
  const boxyard = await startUp(lab, {redisUrl: redis.url});
  const {serverPid} = JSON.parse(readFileSync(join(boxyard.env['XDG_STATE_HOME']!, 'boxyard/up.json'), 'utf8')) as {serverPid: number};
  return {...boxyard, pid: serverPid};
}
