import type {JobView} from '@boxyard/core/api';
import {rawQueue} from '../baselines/bullmq.ts';
import {emptyRoundTrip, journalCommits} from '../baselines/least-work.ts';
import {startRedis} from '../baselines/redis.ts';
import type {Figure} from '../figure.ts';
import {interleave, medianOf} from '../measure.ts';
import type {Client} from '../product/client.ts';
import {scriptedJob, startScripted} from '../product/scripted.ts';

export const singleJob: Figure = {
  id: 'P1',
  title: 'one job on the scripted engine, submit to final event',
  async measure(lab) {
    const redis = await startRedis(lab);
    const {client} = await startScripted(lab, redis, {slots: 2});
    const queue = await rawQueue(lab, redis, 1);
    const commit = journalCommits(lab);
    const roundTrip = await emptyRoundTrip(lab);
    const submit = await submitter(client);
    const medians = await interleave(
      {
        product: medianOf(20, submit),
        baseline: medianOf(20, async () => {
          await queue.one();
          commit();
          await roundTrip();
        }),
      },
      {runs: lab.runs * 3, warmUp: 5},
    );
    return [{figure: 'P1', case: '', unit: 'ms', ...medians, budget: {of: 'ratio', most: 3}}];
  },
};

/** Submits one job and resolves when the event of its end has arrived. */
async function submitter(client: Client): Promise<() => Promise<void>> {
  const ended = new Set<string>();
  const waiting = new Map<string, () => void>();
  await client.events(event => {
    const job = endedJob(event);
    if (!job) return;
    const resolve = waiting.get(job);
    if (resolve) resolve();
    else ended.add(job);
  });
  return async () => {
    const {id} = await client.ask<JobView>('POST', '/v1/jobs', scriptedJob());
    if (!ended.delete(id))
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no event told the end of ${id}`)), 20_000);
        waiting.set(id, () => (clearTimeout(timer), resolve()));
      });
    waiting.delete(id);
  };
}

function endedJob(event: {readonly type: string; readonly subject: string; readonly data: Record<string, unknown>}): string | undefined {
  const isEnd = event.data['state'] === 'ended' || /job\.(ended|succeeded|failed|cancelled|lost)$/.test(event.type);
  return isEnd ? /j-[a-z2-7]{26}/.exec(event.subject)?.[0] : undefined;
}
