import type {JobView} from '@boxyard/core/api';
import {image} from '../baselines/engine-socket.ts';
import {interleave, timed} from '../measure.ts';
import {onEngines} from '../on-engines.ts';
import {createDevBox} from '../product/devbox.ts';

export const execRoundTrip = onEngines({
  id: 'P3',
  title: 'exec round trip through HTTP, Redis, WebSocket and agent',
  unit: 'ms',
  budget: {of: 'ratio', most: 1.25},
  async measure({lab, boxyard: {client}, name, engine}) {
    const held = await engine.hold();
    const devbox = await createDevBox(lab, client, {engine: name, image});
    const medians = await interleave(
      {
        baseline: () => timed(() => engine.exec(held, ['echo', 'hi'])),
        product: () =>
          timed(async () => {
            const {id} = await client.ask<JobView>('POST', `/v1/devboxes/${devbox}/exec`, {command: ['echo', 'hi']});
            const {job, bytes} = await client.attach(id);
            if (job.outcome !== 'succeeded' || bytes !== 3) throw new Error(`exec ended ${job.outcome} after ${bytes} bytes`);
          }),
      },
      {runs: lab.runs * 3},
    );
    return medians;
  },
});
