import assert from 'node:assert/strict';
import type {Case, Chunk} from '../../plugin-api/index.ts';
import {findsMarks, markCount, marker} from './marked.ts';
import {collect, eventually, seeText, sh, START, waitForText} from './steps.ts';

const needs = [] as const;
/** Long enough that an engine that keeps its log by lines keeps mostly ours. */
const LINE = `${'0123456789abcdef'.repeat(64).slice(1)}\n`;
const MUCH = 100 * 2 ** 20;
const pattern = Buffer.from(LINE.repeat(1_025));

/** Compares with what must stand at that offset, and says where it does not. */
const checkChunk = ({offset, bytes}: Chunk): void => {
  for (let at = 0; at < bytes.length;) {
    const from = (offset + at) % LINE.length;
    const length = Math.min(bytes.length - at, pattern.length - from);
    const isSame = pattern.subarray(from, from + length).equals(bytes.subarray(at, at + length));
    assert.ok(isSame, `the bytes from ${offset + at} on are not what the program wrote`);
    at += length;
  }
};

export const hardCases: readonly Case[] = [
  {
    name: '100 MB of output are read live to the last byte, and the end of it once more by another instance',
    needs,
    isAlone: true,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh(`yes ${LINE.trim()} | head -c ${MUCH}`)}), lab.signal);
      const output = box.output(START, lab.signal);
      const reading = (async () => {
        let next = 0;
        for await (const chunk of output) {
          if (chunk.stream !== 'stdout') continue;
          assert.equal(chunk.offset, next, 'the output goes on where it stopped');
          checkChunk(chunk);
          next += chunk.bytes.length;
        }
        return next;
      })();
      reading.catch(() => undefined);
      await box.start(undefined, lab.signal);
      assert.equal(await reading, MUCH, 'bytes of the whole output');
      assert.deepEqual(await box.wait(lab.signal), {code: 0});
      const from = {stdout: MUCH - 1_000, stderr: 0};
      const again = await (await lab.reopen()).find(box.name, lab.signal);
      const {stdout} = await collect((again ?? box).output(from, lab.signal), from);
      assert.equal(stdout.length, 1_000);
      checkChunk({stream: 'stdout', offset: from.stdout, bytes: stdout});
    },
  },
  {
    name: 'a stop ends the whole tree, also what is deaf and what left its session',
    needs,
    run: async (engine, lab) => {
      const mark = marker();
      const child = `trap "" TERM; sleep ${mark}`;
      const main = `sleep ${mark} & (setsid sleep ${mark} &); sh -c '${child}' & trap "" TERM; echo up; while :; do sleep 0.1; done`;
      const box = await engine.create(lab.spec({main: sh(main)}), lab.signal);
      const output = box.output(START, lab.signal);
      await box.start(undefined, lab.signal);
      const rest = await waitForText(output, 'up');
      const isSeen = await findsMarks(mark);
      await box.stop(500, lab.signal);
      // What lived on would hold the output open.
      while ((await rest.next()).done !== true);
      if (isSeen) await eventually('none of its processes is left', lab, async () => (await markCount(mark)) === 0);
      assert.equal((await box.inspect(lab.signal)).is, 'exited');
    },
  },
  {
    name: 'a second instance takes over from one that was closed: it lists the box, reads on, stops and removes it',
    needs,
    run: async (_engine, lab) => {
      const first = await lab.reopen();
      const spec = lab.spec({main: sh('trap "echo bye; exit 9" TERM; echo one; while :; do sleep 0.1; done')});
      const made = await first.create(spec, lab.signal);
      await made.start(undefined, lab.signal);
      await seeText(made.output(START, lab.signal), 'one');
      await first.close?.();
      const second = await lab.reopen();
      const box = (await second.list(spec.labels, lab.signal)).find(({name}) => name === spec.name);
      assert.ok(box !== undefined, 'it is not among the boxes with its labels');
      assert.equal((await box.inspect(lab.signal)).is, 'running');
      const from = {stdout: 4, stderr: 0};
      const reading = collect(box.output(from, lab.signal), from);
      reading.catch(() => undefined);
      await box.stop(10_000, lab.signal);
      assert.equal((await reading).stdout.toString(), 'bye\n');
      assert.deepEqual(await box.wait(lab.signal), {code: 9});
      await box.remove(lab.signal);
      assert.equal(await second.find(spec.name, lab.signal), undefined);
    },
  },
];
