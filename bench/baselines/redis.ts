import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {startChild} from '../child.ts';
import {freePort, type Lab} from '../lab.ts';

export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  connect(): Redis;
}

/** A Redis of the bench's own, as durable as the embedded one (`appendfsync always`), shared by both sides of a figure. */
export async function startRedis(lab: Lab, name = 'redis'): Promise<OwnRedis> {
  const port = await freePort();
  const dir = join(lab.dir, name);
  mkdirSync(dir);
  await startChild(lab, {argv: redisArgv(dir, port)}, /Ready to accept connections/);
  const url = `redis://127.0.0.1:${port}/0`;
  return {
    url,
    port,
    connect: () => lab.own(new Redis(url, {maxRetriesPerRequest: null}), redis => redis.disconnect()),
  };
}

export const redisArgv = (dir: string, port: number): [string, ...string[]] => [
  ...(['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''] as const),
  ...['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
];

/** Calls of every command since the last reset, by name in lower case; a Lua script counts as one `evalsha`, its inner calls too. */
export async function commandCalls(redis: Redis): Promise<ReadonlyMap<string, {readonly calls: number; readonly microseconds: number}>> {
  const text = await redis.info('commandstats');
  const rows = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)];
  return new Map(rows.map(([, name, calls, usec]) => [name!, {calls: Number(calls), microseconds: Number(usec)}]));
}
