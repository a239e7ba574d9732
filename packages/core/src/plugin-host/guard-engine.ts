import type {Box, Engine, Features, Probe} from '../plugin-api/index.ts';
import {guardBox, type Entering, type Guard} from './guard-box.ts';
import {guardFeatures} from './guard-features.ts';
import {guardedCall} from './guarded-call.ts';
import {pluginFailed} from './plugin-errors.ts';
import {wrongBox, wrongBoxes, wrongProbe} from './sense.ts';

const PROBE_MS = 20_000;
const CREATE_MS = 120_000;
const FIND_MS = 20_000;
const LIST_MS = 30_000;

/**
 * The engine behind a door: every call has a deadline, every rejection is a `BoxyardError` (or the caller's own abort
 * reason), every answer is what the contract says. `probe` never rejects but on abort: a plugin that fails there is not usable.
 */
export const guardEngine = (plugin: string, inner: Engine, entering: Entering = (_, work) => work()): Engine => {
  const guard = createGuard(plugin, entering);
  const box = (one: Box): Box => guardBox(guard, one);
  return {
    probe: signal => probe(guard, inner, signal),
    create: async (spec, signal) => {
      const asked = {call: 'create', subject: spec.image ?? spec.name, ms: CREATE_MS, signal};
      return box(
        await guard.run(
          asked,
          given => inner.create(spec, given),
          value => wrongBox(value, spec.name),
        ),
      );
    },
    find: async (name, signal) => {
      const asked = {call: 'find', subject: name, ms: FIND_MS, signal};
      const found = await guard.run(
        asked,
        given => inner.find(name, given),
        value => (value === undefined ? undefined : wrongBox(value, name)),
      );
      return found === undefined ? undefined : box(found);
    },
    list: async (labels, signal) => {
      const all = await guard.run({call: 'list', ms: LIST_MS, signal}, given => inner.list(labels, given), wrongBoxes);
      return all.map(box);
    },
    features: guardFeatures(guard, inner.features) satisfies Features,
    close: async () => {
      if (inner.close === undefined) return;
      await guard.run({call: 'close', ms: FIND_MS, signal: new AbortController().signal}, () => inner.close?.() ?? Promise.resolve());
    },
  };
};

const createGuard = (plugin: string, entering: Entering): Guard => {
  const inners = new WeakMap<Box, Box>();
  return {
    plugin,
    entering,
    run: async (asked, work, wrong) => {
      const value = await guardedCall({plugin, ...asked}, given => entering(asked.call, () => work(given)));
      const issue = wrong?.(value);
      if (issue !== undefined) throw pluginFailed({plugin, call: asked.call}, `it returned ${issue}`);
      return value;
    },
    remember: (outer, inner) => inners.set(outer, inner),
    innerOf: outer => inners.get(outer) ?? outer,
  };
};

const probe = async (guard: Guard, inner: Engine, signal: AbortSignal): Promise<Probe> => {
  try {
    return await guard.run({call: 'probe', ms: PROBE_MS, signal}, given => inner.probe(given), wrongProbe);
  } catch (error) {
    signal.throwIfAborted();
    const {message, hint} = error as {message: string; hint?: string};
    return {usable: false, why: message, ...(hint === undefined || hint === '' ? {} : {fix: hint})};
  }
};
