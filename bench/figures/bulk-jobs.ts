import type {JobView} from '@boxyard/core/api';
import {rawQueue} from '../baselines/bullmq.ts';
import {startRedis} from '../baselines/redis.ts';
import type {Figure, Row} from '../figure.ts';
import {waitFor} from '../lab.ts';
import {growth, interleave, timed} from '../measure.ts';
import type {Client} from '../product/client.ts';
import {scriptedJob, startScripted} from '../product/scripted.ts';

const concurrency = 50;
const sizes = [500, 1_500, 5_000] as const;

export const bulkJobs: Figure = {
  id: 'P2',
  title: 'jobs a second through server, agent and scripted engine',
  async measure(lab) {
    const redis = await startRedis(lab);
    const {client} = await startScripted(lab, redis, {slots: concurrency});
    const queue = await rawQueue(lab, redis, concurrency);
    const rows: Row[] = [];
    for (const size of sizes) {
      const rate = (work: () => Promise<unknown>) => async () => (size / (await timed(work))) * 1_000;
      const medians = await interleave(
        {product: rate(() => submitCopies(client, size)), baseline: rate(() => queue.many(size))},
        {runs: 5, warmUp: 1},
      );
      const isAsked = size === sizes.at(-1);
      rows.push({figure: 'P2', case: `${size} jobs`, unit: 'jobs/s', ...medians, ...(isAsked ? {budget: {of: 'ratio', least: 0.5}} : {})});
    }
    const exponent = growth(rows.map((row, i) => ({x: sizes[i]!, y: sizes[i]! / row.product!})));
    return rows.map((row, i) => (i === rows.length - 1 ? {...row, note: `time grows with size to the power ${exponent.toFixed(2)}`} : row));
  },
};

/** One request, `size` children; done when every child's result is stored. */
async function submitCopies(client: Client, size: number): Promise<void> {
  const {id} = await client.ask<JobView>('POST', '/v1/jobs', {...scriptedJob(), fanOut: {copies: size}});
  const job = await waitFor(
    `${size} jobs`,
    async () => {
      const view = await client.ask<JobView>('GET', `/v1/jobs/${id}`);
      return view.state === 'ended' ? view : undefined;
    },
    120_000,
  );
  if (job.children?.succeeded !== size) throw new Error(`only ${job.children?.succeeded} of ${size} jobs succeeded`);
}
