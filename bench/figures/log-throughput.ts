import type {JobView} from '@boxyard/core/api';
import {image} from '../baselines/engine-socket.ts';
import {waitFor} from '../lab.ts';
import {interleave, timed} from '../measure.ts';
import {onEngines} from '../on-engines.ts';
import type {Boxyard} from '../product/boxyard.ts';

/** Under the 48 MiB of a spool that are sent while the job runs; what lies behind waits for its end. */
const bytes = 40 * 1024 * 1024;
const noise = ['head', '-c', String(bytes), '/dev/zero'] as const;

export const logThroughput = onEngines({
  id: 'P7',
  title: 'output of one job without TTY, stored',
  unit: 'MB/s',
  budget: {of: 'ratio', least: 0.5},
  async measure({boxyard: {client}, name, engine}) {
    const rate = (work: () => Promise<unknown>) => async () => bytes / 1_000 / (await timed(work));
    const medians = await interleave(
      {
        baseline: rate(() => engine.attachToNull(noise)),
        product: rate(async () => {
          const {id} = await client.ask<JobView>('POST', '/v1/jobs', {engine: name, image, command: noise});
          const job = await stored(client, id);
          if (job.have?.stdout !== bytes) throw new Error(`${job.have?.stdout} of ${bytes} bytes stored (${job.outcome})`);
        }),
      },
      {runs: 5, warmUp: 1},
    );
    return medians;
  },
});

const stored = (client: Client, id: string): Promise<JobView> =>
  waitFor(
    'the whole log',
    async () => {
      const job = await client.ask<JobView>('GET', `/v1/jobs/${id}`);
      return job.state === 'ended' && (job.logsComplete || job.outcome !== 'succeeded') ? job : undefined;
    },
    120_000,
  );
type Client = Boxyard['client'];
