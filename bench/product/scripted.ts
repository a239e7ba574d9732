import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {OwnRedis} from '../baselines/redis.ts';
import {startChild} from '../child.ts';
import {waitFor, type Lab} from '../lab.ts';
import {privateEnv, startUp, type Boxyard} from './boxyard.ts';
import {enlist} from './enlist.ts';

const scriptedEngine = fileURLToPath(new URL('../../packages/core/src/testing/scripted-engine.ts', import.meta.url));
const agentProgram = fileURLToPath(new URL('../../dist/agent.js', import.meta.url));

/** A job that does nothing on an engine that does nothing: what is left is Boxyard. */
export const scriptedJob = () => ({engine: 'scripted', image: 'localhost/nothing:1', command: ['true']});

/** Boxyard with one more worker, which has the scripted engine alone, on a Redis that the baseline shares. */
export async function startScripted(
  lab: Lab,
  redis: OwnRedis,
  {slots}: {readonly slots: number},
): Promise<Boxyard & {readonly agentPid: number}> {
  const boxyard = await startUp(lab, {redisUrl: redis.url});
  const [worker] = await enlist(boxyard.client, 1, 'scripted');
  const env: Readonly<Record<string, string | undefined>> = {
    ...privateEnv(lab, 'worker-home'),
    BOXYARD_WORKER_TOKEN: worker!.credential,
    WORKER_NAME: worker!.name,
  };
  const config = join(env['XDG_CONFIG_HOME']!, 'boxyard');
  mkdirSync(config, {recursive: true, mode: 0o700});
  writeFileSync(
    join(config, 'config.json'),
    JSON.stringify({slots, memory: slots * 2 ** 30, engines: [{module: scriptedEngine, config: {}}]}),
    {mode: 0o600},
  );
  const url = `${boxyard.client.url.replace(/^http/, 'ws')}/ws/worker`;
  const agent = await startChild(lab, {argv: [process.execPath, agentProgram, '--url', url, '--log-level', 'warn'], env});
  await waitFor('the worker with the scripted engine', async () => {
    const {items} = await boxyard.client.ask<{items: {name: string; status: string}[]}>('GET', '/v1/workers');
    return items.some(({name, status}) => name === worker!.name && status === 'ready') || undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${agent.output().slice(-600)}`);
  });
  return {...boxyard, agentPid: agent.pid};
}

/** Boxyard on that Redis, for agents that are only simulated; `pid` is the server's alone. */
export async function startServer(lab: Lab, redis: OwnRedis, name = 'home'): Promise<Boxyard & {readonly pid: number}> {
  const boxyard = await startUp(lab, {redisUrl: redis.url, name});
  const {serverPid} = JSON.parse(readFileSync(join(boxyard.env['XDG_STATE_HOME']!, 'boxyard/up.json'), 'utf8')) as {serverPid: number};
  return {...boxyard, pid: serverPid};
}
