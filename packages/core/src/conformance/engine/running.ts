import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {randomBytes} from 'node:crypto';
import type {Case} from '../../plugin-api/index.ts';
import {collect, eventually, rejectsWith, runToEnd, seeText, sh, START, startHeld, waitForText} from './steps.ts';

const needs = [] as const;

export const runningCases: readonly Case[] = [
  {
    name: 'a failing program is a value, not a rejection',
    needs,
    run: async (engine, lab) => {
      const {box, exit} = await runToEnd(engine, lab, {main: sh('exit 3')});
      assert.deepEqual(exit, {code: 3});
      const state = await box.inspect(lab.signal);
      assert.equal(state.is === 'exited' && 'code' in state.exit && state.exit.code, 3);
    },
  },
  {
    name: 'a program that is not there ends with 126 or 127 as in a shell, and the box can be removed',
    needs,
    run: async (engine, lab) => {
      const {box, exit} = await runToEnd(engine, lab, {main: ['no-such-program-here']});
      assert.ok('code' in exit && [126, 127].includes(exit.code), JSON.stringify(exit));
      await box.remove(lab.signal);
    },
  },
  {
    name: 'variables and the folder reach the program',
    needs,
    run: async (engine, lab) => {
      const {stdout} = await runToEnd(engine, lab, {
        main: sh('echo "$GREETING"; pwd; ls -d "$PWD"'),
        env: {GREETING: 'a "b" $c'},
        cwd: '/workspace',
      });
      assert.equal(stdout.toString().split('\n')[0], 'a "b" $c');
      assert.equal(stdout.toString().split('\n').length, 4);
    },
  },
  {
    name: 'the first bytes of stdin are the caller’s, every byte arrives, and its end is the end',
    needs,
    run: async (engine, lab) => {
      const bytes = randomBytes(1_000_000);
      const {stdout, exit} = await runToEnd(
        engine,
        lab,
        {main: ['cat'], stdin: true},
        Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]),
      );
      assert.ok(stdout.equals(bytes), `${stdout.length} bytes came back of ${bytes.length}`);
      assert.deepEqual(exit, {code: 0});
    },
  },
  {
    name: 'a stdin that breaks kills the program, which never takes it for the end',
    needs,
    run: async (engine, lab) => {
      const broken = new Readable({read() {}});
      const box = await engine.create(lab.spec({main: sh('echo ready; cat >/dev/null; echo complete'), stdin: true}), lab.signal);
      const output = box.output(START, lab.signal);
      await box.start(broken, lab.signal);
      broken.push('some');
      const rest = await waitForText(output, 'ready');
      broken.destroy(new Error('the line broke'));
      for (let next = await rest.next(); next.done !== true; next = await rest.next())
        assert.ok(!Buffer.from(next.value.bytes).includes('complete'));
      assert.notDeepEqual(await box.wait(lab.signal), {code: 0});
    },
  },
  {
    name: 'boxes at the same time do not touch each other',
    needs,
    run: async (engine, lab) => {
      const all = await Promise.all(
        ['a', 'b', 'c', 'd'].map(word => runToEnd(engine, lab, {main: sh('echo "$1"; exit "$2"', word, String(word.charCodeAt(0)))})),
      );
      assert.deepEqual(
        all.map(({stdout}) => stdout.toString()),
        ['a\n', 'b\n', 'c\n', 'd\n'],
      );
      assert.deepEqual(
        all.map(({exit}) => exit),
        [97, 98, 99, 100].map(code => ({code})),
      );
    },
  },
  {
    name: 'creating again gives the same box, and a name with other labels is a conflict',
    needs,
    run: async (engine, lab) => {
      const spec = lab.spec({main: sh('echo once')});
      const [first, second] = [await engine.create(spec, lab.signal), await engine.create(spec, lab.signal)];
      assert.equal(second.name, first.name);
      assert.equal((await engine.list(spec.labels, lab.signal)).filter(box => box.name === spec.name).length, 1);
      const foreign = {...spec, labels: Object.fromEntries(Object.keys(spec.labels).map(key => [key, 'another']))};
      await rejectsWith(engine.create(foreign, lab.signal), 'conflict');
    },
  },
  {
    name: 'starting a running box does nothing',
    needs,
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      const before = await box.inspect(lab.signal);
      await box.start(undefined, lab.signal);
      assert.deepEqual(await box.inspect(lab.signal), before);
    },
  },
  {
    name: 'a box that ended can be told from one that never started',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('true')}), lab.signal);
      assert.equal((await box.inspect(lab.signal)).is, 'created');
      await box.start(undefined, lab.signal);
      await box.wait(lab.signal);
      await eventually('it has exited', lab, async () => (await box.inspect(lab.signal)).is === 'exited');
    },
  },
  {
    name: 'an abort before the call leaves nothing',
    needs,
    run: async (engine, lab) => {
      const spec = lab.spec({main: sh('true')});
      await assert.rejects(engine.create(spec, AbortSignal.abort()));
      assert.equal(await engine.find(spec.name, lab.signal), undefined);
    },
  },
  {
    name: 'an abort during the call leaves nothing or a whole box',
    needs,
    run: async (engine, lab) => {
      for (const ms of [0, 2, 5, 10]) {
        const spec = lab.spec({main: sh('true')});
        const signal = AbortSignal.timeout(ms);
        const isMade = await engine.create(spec, signal).then(
          () => true,
          () => false,
        );
        if (!isMade) assert.equal(await engine.find(spec.name, lab.signal), undefined, `aborted after ${ms} ms`);
      }
    },
  },
  {
    name: 'boxes are listed by all of their labels',
    needs,
    run: async (engine, lab) => {
      const spec = lab.spec({main: sh('true')});
      await engine.create(spec, lab.signal);
      assert.ok((await engine.list(spec.labels, lab.signal)).some(box => box.name === spec.name));
      assert.deepEqual(await engine.list({...spec.labels, other: 'label'}, lab.signal), []);
    },
  },
  {
    name: 'a second instance finds a live box with its output and its end, and nothing of one that is gone',
    needs,
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('echo one; echo two; sleep 1; echo three; exit 4')}), lab.signal);
      await box.start(undefined, lab.signal);
      await seeText(box.output(START, lab.signal), 'two');
      const other = await lab.reopen();
      const found = await other.find(box.name, lab.signal);
      assert.ok(found !== undefined);
      const {stdout} = await collect(found.output({stdout: 4, stderr: 0}, lab.signal), {stdout: 4, stderr: 0});
      assert.equal(stdout.toString(), 'two\nthree\n');
      assert.deepEqual(await found.wait(lab.signal), {code: 4});
      await found.remove(lab.signal);
      assert.equal(await engine.find(box.name, lab.signal), undefined);
      assert.equal((await box.inspect(lab.signal)).is, 'gone');
    },
  },
];
