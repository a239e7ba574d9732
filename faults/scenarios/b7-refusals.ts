import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {during, type Fault} from '../primitives/fault.ts';
import {type Redis, redisFull, redisHangs, redisLoads, redisPauses} from '../primitives/redis.ts';
import {SmallDisk} from '../primitives/small-disk.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

interface Trouble {
  readonly fault: (redis: Redis) => Fault;
  /** How long it lasts, or is left to last. */
  readonly ms: number;
  /** Where the lab's Redis keeps its file. */
  readonly redisDir?: string;
  readonly redisSync?: 'always' | 'everysec';
}

/**
 * A Redis that is there and cannot be used: running jobs go on, every submission is refused within 2 s with Retry-After, nothing
 * ends, and within 30 s of its return jobs are consumed again.
 */
async function trouble({fault, ms, redisDir, redisSync}: Trouble): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true, ...(redisDir ? {redisDir} : {}), ...(redisSync ? {redisSync} : {})});
  const lines = Math.round(ms / 100) + 40;
  for (let i = 0; i < 3; i += 1) await lab.submit({key: `t${i}`, lines, rate: 10, exit: i});
  for (const {id} of lab.accepted) await lab.running(id);
  const began = Date.now();
  const refusals: number[] = [];
  await during(fault(lab.redis), async () => {
    await waitFor(() => isRefused(lab, refusals), {within: 10_000, every: 100, what: 'a submission is refused'});
    while (Date.now() - began < ms - 2_500) {
      expectThat(await isRefused(lab, refusals), `a submission was taken ${Date.now() - began} ms into the fault`);
      expectThat(lab.server.program.isRunning && lab.workers[0]!.program.isRunning, 'the server or the agent ended');
      await delayFor(1_000);
    }
    expectThat(lab.processes(/ledger\.sh --key t/).length >= 3, 'a running job ended with Redis');
    await delayFor(Math.max(0, ms - (Date.now() - began)));
  });
  const back = Date.now();
  const consumed = await waitFor(() => lab.submit({key: 'after', lines: 2}).catch(() => undefined), {
    within: 30_000,
    what: 'a job is accepted again',
  });
  await lab.ended(consumed.id, Math.max(1_000, 30_000 - (Date.now() - back)));
  const backMs = Date.now() - back;
  await mustHold(lab, {within: 90_000});
  return {
    jobs: lab.accepted.length,
    figures: {refusals: refusals.length, 'slowest refusal, ms': Math.max(...refusals), 'works again in, ms': backMs},
  };
}

async function isRefused(lab: Lab, refusals: number[]): Promise<boolean> {
  const before = Date.now();
  const answer = await lab.api.call('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}, within: 10_000});
  const tookMs = Date.now() - before;
  if (answer.status === 202 || answer.status === 201) return false;
  expectEqual(answer.status, 503, 'a submission to a Redis that cannot be used');
  expectThat(Number(answer.headers['retry-after']) > 0, 'the refusal has no Retry-After');
  expectThat(tookMs < 2_500, `the refusal took ${tookMs} ms`);
  refusals.push(tookMs);
  return true;
}

/** The file of a Redis that syncs every second lies on a tmpfs that fills up: MISCONF, until there is room again. */
async function fullTmpfs(): Promise<Told> {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-small-'));
  try {
    await using disk = await SmallDisk.mountTmpfs(join(dir, 'redis'), {megabytes: 24});
    return await trouble({fault: () => disk.full(), ms: 10_000, redisDir: join(dir, 'redis'), redisSync: 'everysec'});
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
}

const common = {invariants: 'I1–I3 I5 I6 I8'};
export const b7Refusals: readonly Scenario[] = [
  {
    ...common,
    name: 'B7 Redis hangs for 35 s',
    fault: 'F12 DEBUG SLEEP 35',
    run: () => trouble({fault: redis => redisHangs(redis, 35), ms: 35_000}),
  },
  {
    ...common,
    name: 'B7 Redis pauses for 40 s',
    fault: 'F12 CLIENT PAUSE 40000 ALL',
    run: () => trouble({fault: redis => redisPauses(redis, 40_000), ms: 40_000}),
  },
  {...common, name: 'B7 Redis refuses writes', fault: 'F12 maxmemory 1', run: () => trouble({fault: redisFull, ms: 8_000})},
  {
    ...common,
    name: 'B7 Redis’s file on a full tmpfs',
    fault: 'F12 MISCONF, appendfsync everysec',
    whyNot: SmallDisk.whyNot,
    run: fullTmpfs,
  },
  {...common, name: 'B7 Redis loads', fault: 'F10, then LOADING for 8 s', run: () => trouble({fault: redisLoads, ms: 8_000})},
];
