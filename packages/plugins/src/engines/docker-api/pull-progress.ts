import type {EngineEvent} from './engine-events.ts';

interface Layer {
  done: number;
  total: number;
}

/**
 * Adds the layers up: `pulling` counts the bytes that come over the network, `extracting` those unpacked. A layer's total
 * becomes known when it begins, so the sum may grow; it never shrinks, and done never exceeds it.
 */
export const createPullProgress = (progress: (step: string, done: number, total?: number) => void): ((event: EngineEvent) => void) => {
  const pulled = new Map<string, Layer>();
  const extracted = new Map<string, Layer>();
  return ({id, status = '', progressDetail}) => {
    if (id === undefined) return progress(status === '' ? 'pulling' : status.split('\n', 1)[0]!.slice(0, 200), 0);
    if (status === 'Already exists') return;
    const layers = status === 'Extracting' || status === 'Pull complete' ? extracted : pulled;
    if (status === 'Downloading' || status === 'Extracting') {
      const {current = 0, total = current} = progressDetail ?? {};
      layers.set(id, {done: Math.max(current, layers.get(id)?.done ?? 0), total: Math.max(total, layers.get(id)?.total ?? 0)});
    } else if (status === 'Download complete' || status === 'Pull complete') finish(layers, id);
    else return;
    const sum = total(layers);
    progress(layers === extracted ? 'extracting' : 'pulling', sum.done, sum.total);
  };
};

const finish = (layers: Map<string, Layer>, id: string): void => {
  const layer = layers.get(id);
  if (layer !== undefined) layer.done = layer.total;
};

const total = (layers: Map<string, Layer>): Layer => {
  const sum = {done: 0, total: 0};
  for (const layer of layers.values()) {
    sum.done += Math.min(layer.done, layer.total);
    sum.total += layer.total;
  }
  return sum;
};
