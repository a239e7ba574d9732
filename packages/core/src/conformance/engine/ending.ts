import assert from 'node:assert/strict';
import type {Case} from '../../plugin-api/index.ts';
import {eventually, seeText, sh, START, startHeld, waitForText} from './steps.ts';

const needs = [] as const;
/** Long beside what a kill takes on a busy machine, so that half of it cannot look like all of it. */
const GRACE_MS = 4_000;

export const endingCases: readonly Case[] = [
  {
    name: 'a program that listens ends within its grace, by itself',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(
        lab.spec({main: sh('trap "echo bye; exit 9" TERM; echo ready; while :; do sleep 0.1; done')}),
        lab.signal,
      );
      const output = box.output(START, lab.signal);
      await box.start(undefined, lab.signal);
      const rest = await waitForText(output, 'ready');
      await box.stop(10_000, lab.signal);
      let said = '';
      for (let next = await rest.next(); next.done !== true; next = await rest.next())
        if (next.value.stream === 'stdout') said += Buffer.from(next.value.bytes).toString();
      assert.equal(said, 'bye\n');
      assert.deepEqual(await box.wait(lab.signal), {code: 9});
    },
  },
  {
    name: 'a program deaf to SIGTERM is killed after the grace, and not before',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('trap "" TERM; echo deaf; while :; do sleep 0.1; done')}), lab.signal);
      const output = box.output(START, lab.signal);
      await box.start(undefined, lab.signal);
      await seeText(output, 'deaf');
      const before = Date.now();
      await box.stop(GRACE_MS, lab.signal);
      assert.ok(Date.now() - before >= GRACE_MS - 50, `killed after ${Date.now() - before} ms`);
      assert.deepEqual(await box.wait(lab.signal), {code: 137});
    },
  },
  {
    name: 'stopping and removing twice is fine, in any state',
    needs,
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      await box.stop(5_000, lab.signal);
      await box.stop(5_000, lab.signal);
      await Promise.all([box.remove(lab.signal), box.remove(lab.signal)]);
      await box.remove(lab.signal);
      await box.stop(0, lab.signal);
      assert.equal((await box.inspect(lab.signal)).is, 'gone');
      const fresh = await engine.create(lab.spec({main: 'hold'}), lab.signal);
      await fresh.stop(0, lab.signal);
      await fresh.remove(lab.signal);
    },
  },
  {
    name: 'a held box stays up, hears its stop at once, and can be started again',
    needs,
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      assert.equal((await box.inspect(lab.signal)).is, 'running');
      const before = Date.now();
      await box.stop(20_000, lab.signal);
      assert.ok(Date.now() - before < 10_000, `it took ${Date.now() - before} ms`);
      assert.equal((await box.inspect(lab.signal)).is, 'exited');
      await box.start(undefined, lab.signal);
      assert.equal((await box.inspect(lab.signal)).is, 'running');
    },
  },
  {
    name: 'a running box is removed with everything that runs in it',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('sleep 300 & echo up; wait')}), lab.signal);
      const output = box.output(START, lab.signal);
      await box.start(undefined, lab.signal);
      await seeText(output, 'up');
      await box.remove(lab.signal);
      await eventually('it is gone', lab, async () => (await engine.find(box.name, lab.signal)) === undefined);
    },
  },
  {
    name: 'the end is told again long after, by another instance too',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('exit 5')}), lab.signal);
      await box.start(undefined, lab.signal);
      await box.wait(lab.signal);
      const found = await (await lab.reopen()).find(box.name, lab.signal);
      assert.deepEqual(await found?.wait(lab.signal), {code: 5});
    },
  },
];
