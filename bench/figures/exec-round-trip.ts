import type {JobView} from '@boxyard/core/api';
import {image, rawEngine, type EngineName} from '../baselines/engine-socket.ts';
import type {Figure, Row} from '../figure.ts';
import type {Lab} from '../lab.ts';
import {interleave, timed} from '../measure.ts';
import {startUp, unusableEngine, type Boxyard} from '../product/boxyard.ts';
import {createDevBox} from '../product/devbox.ts';

export const execRoundTrip: Figure = {
  id: 'P3',
  title: 'exec round trip through HTTP, Redis, WebSocket and agent',
  async measure(lab) {
    const boxyard = await startUp(lab);
    const rows: Row[] = [];
    for (const name of ['docker', 'podman'] as const) rows.push(await onEngine(lab, boxyard, name));
    return rows;
  },
};

async function onEngine(lab: Lab, {client}: Boxyard, name: EngineName): Promise<Row> {
  const row = {figure: 'P3', case: name, unit: 'ms', budget: {of: 'ratio', most: 1.25}} as const;
  const engine = await rawEngine(lab, name);
  if ('missing' in engine) return {...row, skipped: engine.missing};
  const unusable = await unusableEngine(client, name);
  if (unusable) return {...row, skipped: unusable};
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
  return {...row, ...medians};
}
