import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {text} from 'node:stream/consumers';
import type {Case} from '../../plugin-api/index.ts';
import {collect, eventually, execToEnd, must, seeText, sh, START, startHeld, waitForText} from './steps.ts';

export const insideCases: readonly Case[] = [
  {
    name: 'an exec’s bytes, streams and code are its own, and its stdin ends',
    needs: ['exec'],
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab, {env: {FROM: 'box'}});
      const bytes = randomBytes(500_000);
      const echoed = await execToEnd(engine, lab, box, {argv: ['cat'], stdin: bytes});
      assert.ok(echoed.stdout.equals(bytes), `${echoed.stdout.length} bytes of ${bytes.length}`);
      const said = await execToEnd(engine, lab, box, {
        argv: sh('echo "$FROM$OWN"; echo e >&2; exit 7'),
        env: {OWN: 'exec'},
        cwd: '/workspace',
      });
      assert.deepEqual([said.stdout.toString(), said.stderr.toString(), said.exit], ['boxexec\n', 'e\n', {code: 7}]);
      assert.equal((await box.inspect(lab.signal)).is, 'running');
    },
  },
  {
    name: 'an exec of a program that is not there ends with 126 or 127',
    needs: ['exec'],
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      const {exit} = await execToEnd(engine, lab, box, {argv: ['no-such-program-here']});
      assert.ok('code' in exit && [126, 127].includes(exit.code), JSON.stringify(exit));
    },
  },
  {
    name: 'killing an exec kills what it started, also what left its session, and nothing else',
    needs: ['exec'],
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      const exec = must(engine.features.exec);
      const other = await exec(box, {argv: sh('echo up; cat; exit 8')}, lab.signal);
      const otherOutput = await waitForText(other.output, 'up');
      const process = await exec(
        box,
        {argv: sh('sleep 1234 & (setsid sleep 1234 &) ; trap "" TERM; echo up; while :; do sleep 0.1; done')},
        lab.signal,
      );
      const rest = await waitForText(process.output, 'up');
      await process.kill('SIGKILL');
      await process.kill('SIGKILL');
      while ((await rest.next()).done !== true);
      assert.deepEqual(await process.wait(), {code: 137});
      const count =
        'n=0; for f in /proc/[0-9]*/cmdline; do case "$(tr "\\0" " " <"$f" 2>/dev/null)" in "sleep 1234 ") n=$((n+1));; esac; done; echo $n';
      await eventually(
        'no sleep is left',
        lab,
        async () => (await execToEnd(engine, lab, box, {argv: sh(count)})).stdout.toString() === '0\n',
      );
      other.stdin.end();
      while ((await otherOutput.next()).done !== true);
      assert.deepEqual(await other.wait(), {code: 8});
    },
  },
  {
    name: 'an exec nobody holds any more is found by its variable and killed',
    needs: ['exec', 'killMarked'],
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      const value = `job-${box.name}`;
      const process = await must(engine.features.exec)(box, {argv: sh('echo up; sleep 300'), env: {BOXYARD_JOB: value}}, lab.signal);
      const rest = await waitForText(process.output, 'up');
      const other = await lab.reopen();
      const found = await other.find(box.name, lab.signal);
      assert.ok((await must(other.features.killMarked)(found ?? box, {name: 'BOXYARD_JOB', value}, lab.signal)) > 0);
      while ((await rest.next()).done !== true);
      const exit = await process.wait();
      assert.ok(!('code' in exit) || exit.code !== 0, JSON.stringify(exit));
      assert.equal(await must(other.features.killMarked)(found ?? box, {name: 'BOXYARD_JOB', value}, lab.signal), 0);
    },
  },
  {
    name: 'a terminal has the size of the last resize, also of one in the same millisecond as its start',
    needs: ['terminal'],
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      const terminal = await must(engine.features.terminal)(
        box,
        {
          argv: sh(
            'read line; n=0; while [ "$(stty size)" != "40 120" ] && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.1; done; stty size; exit 5',
          ),
        },
        {columns: 100, rows: 30},
        lab.signal,
      );
      const output = collect(terminal.output);
      await terminal.resize({columns: 120, rows: 40});
      terminal.stdin.write('go\n');
      const {stdout} = await output;
      assert.match(stdout.toString(), /40 120/);
      assert.deepEqual(await terminal.wait(), {code: 5});
      await terminal.resize({columns: 80, rows: 24});
    },
  },
  {
    name: 'a port on the box’s own loopback is reached, and each direction ends by itself',
    needs: ['exec', 'connect'],
    run: async (engine, lab) => {
      const box = await startHeld(engine, lab);
      const port = 20_000 + Math.floor(Math.random() * 20_000);
      const listener = await must(engine.features.exec)(
        box,
        {argv: sh('echo up; n=$(command -v busybox); $n nc -l -p "$1" -e cat', String(port))},
        lab.signal,
      );
      await waitForText(listener.output, 'up');
      const connect = must(engine.features.connect);
      let stream = await connect(box, port, lab.signal).catch(() => undefined);
      await eventually(
        'somebody listens',
        lab,
        async () => (stream ??= await connect(box, port, lab.signal).catch(() => undefined)) !== undefined,
      );
      const answer = text(must(stream));
      must(stream).end('hello through');
      assert.equal(await answer, 'hello through');
      await assert.rejects(connect(box, port + 1, lab.signal));
    },
  },
  {
    name: 'a sample says how much a running box uses',
    needs: ['stats'],
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: sh('echo up; sleep 60')}), lab.signal);
      const output = box.output(START, lab.signal);
      await box.start(undefined, lab.signal);
      await seeText(output, 'up');
      const usage = await must(engine.features.stats)(box, lab.signal);
      assert.ok(usage.memoryBytes > 0 && usage.cpuSeconds >= 0, JSON.stringify(usage));
    },
  },
];
