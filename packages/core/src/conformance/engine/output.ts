import assert from 'node:assert/strict';
import type {Case} from '../../plugin-api/index.ts';
import {collect, runToEnd, sh, START, waitForText} from './steps.ts';

const needs = [] as const;
const LINES = 60_000;

export const outputCases: readonly Case[] = [
  {
    name: 'output is complete and kept apart by stream',
    needs,
    run: async (engine, lab) => {
      const script = 'i=0; while [ $i -lt 200 ]; do echo "o$i"; echo "e$i" >&2; i=$((i+1)); done';
      const {stdout, stderr} = await runToEnd(engine, lab, {main: sh(script)});
      const expected = (letter: string): string => Array.from({length: 200}, (_none, index) => `${letter}${index}\n`).join('');
      assert.equal(stdout.toString(), expected('o'));
      assert.equal(stderr.toString(), expected('e'));
    },
  },
  {
    name: 'the last byte of a program that ends at once and without a newline is there, 20 times',
    needs,
    run: async (engine, lab) => {
      for (let round = 0; round < 5; round += 1) {
        const four = await Promise.all([1, 2, 3, 4].map(() => runToEnd(engine, lab, {main: sh('printf end')})));
        for (const {stdout} of four) assert.equal(stdout.toString(), 'end');
        await Promise.all(four.map(({box}) => box.remove(lab.signal)));
      }
    },
  },
  {
    name: `${LINES} lines as fast as possible are all read live, and read again they are the same`,
    needs,
    run: async (engine, lab) => {
      const {box, stdout} = await runToEnd(engine, lab, {
        main: sh(`i=0; while [ $i -lt ${LINES} ]; do echo "line $i of many"; i=$((i+1)); done`),
      });
      const lines = stdout.toString().split('\n');
      assert.equal(lines.length, LINES + 1);
      assert.equal(lines[LINES - 1], `line ${LINES - 1} of many`);
      const again = await collect(box.output(START, lab.signal));
      assert.ok(again.stdout.equals(stdout), `${again.stdout.length} bytes the second time, ${stdout.length} the first`);
    },
  },
  {
    name: 'bytes that are no text come through as they are, live and later',
    needs,
    run: async (engine, lab) => {
      const script = String.raw`printf '\000\377\376\r\n\033[2J'; head -c 100000 /dev/zero | tr '\000' '\377'; printf x`;
      const {box, stdout} = await runToEnd(engine, lab, {main: sh(script)});
      assert.equal(stdout.length, 9 + 100_000 + 1);
      assert.equal(stdout.subarray(0, 5).toString('hex'), '00fffe0d0a');
      const again = await collect(box.output(START, lab.signal));
      assert.ok(again.stdout.equals(stdout));
    },
  },
  {
    name: 'each stream is taken up again at its own offset after the end',
    needs,
    run: async (engine, lab) => {
      const {box} = await runToEnd(engine, lab, {main: sh('printf 0123456789; printf abcdefghij >&2')});
      const from = {stdout: 4, stderr: 7};
      const rest = await collect(box.output(from, lab.signal), from);
      assert.equal(rest.stdout.toString(), '456789');
      assert.equal(rest.stderr.toString(), 'hij');
      const none = {stdout: 10, stderr: 10};
      const nothing = await collect(box.output(none, lab.signal), none);
      assert.equal(nothing.stdout.length + nothing.stderr.length, 0);
    },
  },
  {
    name: 'a second instance reads while the first still does, and both get all',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('echo begin; sleep 1; echo middle; sleep 1; printf end')}), lab.signal);
      const first = collect(box.output(START, lab.signal));
      first.catch(() => undefined);
      await box.start(undefined, lab.signal);
      const other = await (await lab.reopen()).find(box.name, lab.signal);
      const second = await collect((other ?? box).output(START, lab.signal));
      assert.equal(second.stdout.toString(), 'begin\nmiddle\nend');
      assert.ok((await first).stdout.equals(second.stdout));
    },
  },
  {
    name: 'an abort ends the reading and not the program',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('echo begin; sleep 1; exit 6')}), lab.signal);
      const reading = new AbortController();
      const output = box.output(START, AbortSignal.any([reading.signal, lab.signal]));
      await box.start(undefined, lab.signal);
      const rest = await waitForText(output, 'begin');
      reading.abort();
      await assert.rejects(async () => {
        while ((await rest.next()).done !== true);
      });
      assert.deepEqual(await box.wait(lab.signal), {code: 6});
    },
  },
];
