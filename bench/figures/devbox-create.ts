import {image, rawEngine, type EngineName} from '../baselines/engine-socket.ts';
import type {Figure, Row} from '../figure.ts';
import type {Lab} from '../lab.ts';
import {interleave, median, timed} from '../measure.ts';
import {startUp, unusableEngine, type Boxyard} from '../product/boxyard.ts';
import {createDevBox, removeDevBox} from '../product/devbox.ts';

export const devboxCreate: Figure = {
  id: 'P4',
  title: 'DevBox from request to running',
  async measure(lab) {
    const boxyard = await startUp(lab);
    const rows: Row[] = [];
    for (const name of ['docker', 'podman'] as const) rows.push(await onEngine(lab, boxyard, name));
    return rows;
  },
};

async function onEngine(lab: Lab, {client}: Boxyard, name: EngineName): Promise<Row> {
  const row = {figure: 'P4', case: name, unit: 'ms', budget: {of: 'ratio', most: 1.15}} as const;
  const engine = await rawEngine(lab, name);
  if ('missing' in engine) return {...row, skipped: engine.missing};
  const unusable = await unusableEngine(client, name);
  if (unusable) return {...row, skipped: unusable};
  const raw = async (network?: string) => {
    const start = performance.now();
    const container = await engine.createAndStart(network);
    const took = performance.now() - start;
    await engine.remove(container);
    return took;
  };
  const apart: number[] = [];
  const medians = await interleave(
    {
      baseline: async () => {
        const network = await engine.privateNetwork();
        if (network !== undefined) apart.push(await raw(network));
        return raw();
      },
      product: async () => {
        let devbox = '';
        const took = await timed(async () => (devbox = await createDevBox(lab, client, {engine: name, image})));
        await removeDevBox(client, devbox);
        return took;
      },
    },
    {runs: lab.runs},
  );
  if (apart.length === 0) return {...row, ...medians};
  const ratio = (medians.product / median(apart)).toFixed(2);
  return {...row, ...medians, note: `${ratio} × beside a container on a network that keeps boxes apart, as a DevBox has it`};
}
