import {afterAll, beforeAll, expect, test} from 'vitest';
import {scaled} from '../../src/config/index.ts';
import type {FakeAgent, Start} from '../fake-agent.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const workers = 200;
const dying = (at: number) => at % 10 === 3;
const late = (at: number) => at % 20 === 7;
const failing = (at: number) => at % 20 === 11;
const liar = 42;

/** What each does with its one child; the liar says that it failed after it said that it succeeded, and speaks for another too. */
async function answer(agent: FakeAgent, at: number, others: readonly Start[]): Promise<void> {
  const start = await waitFor(() => agent.started[0], {within: 60_000});
  if (dying(at)) return agent.kill();
  if (late(at)) await waitFor(() => others.length >= workers - 1, {within: 60_000});
  agent.running(start);
  await agent.finish(start, {result: {exit: {code: failing(at) ? 1 : 0}, reported: String(at)}});
  if (at !== liar) return;
  agent.result(start, {exit: {code: 1}, reported: '"a lie"'});
  agent.result(start, {exit: {code: 1}, reported: '"a lie"'});
  const other = await waitFor(() => others.find(each => each.job !== start.job));
  agent.result(other, {exit: {code: 1}, reported: '"a lie"'});
}

test(
  'of 200 workers a tenth dies, some answer late and one lies twice: totals and what was gathered are exact',
  {timeout: 180_000},
  async () => {
    const timing = {...scaled(0.5), lostAfter: 4_000};
    await using core = await startTestCore({rim: await redis.rim(), timing});
    const agents: FakeAgent[] = [];
    for (let at = 0; at < workers; at++) agents.push(await core.agent({name: `w${at}`, slots: 1}));
    const {jobs, workers: known} = core.core.services;
    const able = async () =>
      (await known.list(core.caller.tenant)).items.filter(each => each.presence === 'online' && each.engines.length > 0);
    await waitFor(async () => (await able()).length === workers, {within: 60_000});
    const fanOut = {each: 'worker' as const, failurePolicy: {quorum: 150}, gather: 'json' as const};
    const {id} = await jobs.run(core.caller, {command: ['a'], fanOut});
    const starts: Start[] = [];
    const done = Promise.all(
      agents.map(async (agent, at) => {
        starts.push(await waitFor(() => agent.started[0], {within: 60_000}));
        await answer(agent, at, starts);
      }),
    );
    const end = await waitFor(
      async () => {
        const job = await jobs.show(core.caller.tenant, id);
        return job.state === 'ended' ? job : undefined;
      },
      {within: 120_000},
    );
    await done;
    const totals = {total: 200, queued: 0, running: 0, succeeded: 170, failed: 10, cancelled: 0, lost: 20};
    expect(end).toMatchObject({outcome: 'succeeded', partial: true, exit: {code: 7}, children: totals});
    const {children} = (await jobs.result(core.caller.tenant, id)) as {children: {worker: string; outcome: string; result?: number}[]};
    expect(children.length).toBe(200);
    for (const {worker, outcome, result} of children) {
      const at = Number(worker.slice(1));
      expect([at, outcome, result]).toEqual([at, dying(at) ? 'lost' : failing(at) ? 'failed' : 'succeeded', dying(at) ? undefined : at]);
    }
    expect((await jobs.show(core.caller.tenant, id)).children).toEqual(totals);
    expect(agents[liar]!.received.some(message => message.type === 'job.superseded')).toBe(true);
  },
);
