import assert from 'node:assert/strict';
import {setTimeout as delay} from 'node:timers/promises';
import type {Case, Engine, Lab} from '../../plugin-api/index.ts';
import {must} from './steps.ts';

const GIVEN_UP_MS = 500;
/** Less than the host waits before it gives up on a call itself. */
const SOON_MS = 3_000;
/** What has something to take back may use all of that time. */
const WITH_CLEANING_MS = 7_000;

type Call = (engine: Engine, lab: Lab, signal: AbortSignal) => Promise<unknown>;

const calls: readonly {readonly name: string; readonly soonMs: number; readonly call: Call}[] = [
  {name: 'find', soonMs: SOON_MS, call: (engine, lab, signal) => engine.find(lab.spec().name, signal)},
  {name: 'list', soonMs: SOON_MS, call: (engine, lab, signal) => engine.list(lab.spec().labels, signal)},
  {name: 'create', soonMs: WITH_CLEANING_MS, call: (engine, lab, signal) => engine.create(lab.spec(), signal)},
];

const outcomeOf = (work: (signal: AbortSignal) => Promise<unknown>, soonMs: number): Promise<'answered' | 'rejected' | 'late'> => {
  const over = new AbortController();
  const late = delay(GIVEN_UP_MS + soonMs, 'late' as const, {signal: over.signal});
  late.catch(() => undefined);
  const asked = work(AbortSignal.timeout(GIVEN_UP_MS)).then(
    () => 'answered' as const,
    () => 'rejected' as const,
  );
  return Promise.race([asked, late]).finally(() => over.abort());
};

export const hungCases: readonly Case[] = [
  {
    name: 'a backend that takes connections and never answers hangs no call: each ends soon after its signal aborts',
    needs: [],
    asks: ['hung'],
    run: async (_engine, lab) => {
      const hung = await must(lab.hung)();
      for (const {name, soonMs, call} of calls)
        assert.equal(await outcomeOf(signal => call(hung, lab, signal), soonMs), 'rejected', `${name} with a backend that does not answer`);
      const probe = hung.probe(AbortSignal.timeout(GIVEN_UP_MS)).then(({usable}) => usable);
      const isUsable = await Promise.race([probe.catch(() => false), delay(GIVEN_UP_MS + SOON_MS, 'late' as const, {ref: false})]);
      assert.equal(isUsable, false, 'whether the probe calls it usable');
    },
  },
];
