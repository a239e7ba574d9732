import {image} from '../baselines/engine-socket.ts';
import {interleave, median, timed} from '../measure.ts';
import {onEngines} from '../on-engines.ts';
import {createDevBox, removeDevBox} from '../product/devbox.ts';

export const devboxCreate = onEngines({
  id: 'P4',
  title: 'DevBox from request to running',
  unit: 'ms',
  budget: {of: 'ratio', most: 1.15},
  async measure({lab, boxyard: {client}, name, engine}) {
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
    if (apart.length === 0) return medians;
    const ratio = (medians.product / median(apart)).toFixed(2);
    return {...medians, note: `${ratio} × beside a container on a network that keeps boxes apart, as a DevBox has it`};
  },
});
