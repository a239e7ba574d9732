import {describe, expect, test} from 'vitest';
import {spawn} from 'node:child_process';
import {boxyard} from '../faults/lab/directories.ts';
import {engines, killPart, on, Up, waitFor} from './up.ts';

const lines = Array.from({length: 200}, (_, i) => `line ${i}`);
const count = 'i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); sleep 0.02; done; exit 3';

/** What dies in the middle of the job, and what brings it back. `up` is one process group; its parts may also die alone. */
const parts: Readonly<Record<string, (up: Up) => Promise<void>>> = {
  'the whole group of up': async up => {
    await up.killGroup();
    await up.start();
  },
  'the server': up => killPart(up, /server\.js|server-main/),
  'the agent': up => killPart(up, /agent\.js|agent-main/),
  'the embedded Redis': up => killPart(up, /redis-server|valkey-server/),
};

const here = await engines();

describe.each(Object.keys(parts))('kill -9 of %s in the middle of jobs', name => {
  test('loses no line, doubles none, and keeps the exit code, on every engine', async () => {
    await using up = await Up.open();
    const ids = await Promise.all(here.map(engine => up.detached(...on(engine), '--', 'sh', '-c', count)));
    for (const id of ids) await waitFor(async () => (await up.api.logs(id)).length > 100, {within: 20_000, what: `job ${id} writes`});
    await parts[name]!(up);
    for (const [index, id] of ids.entries()) {
      const job = await up.ended(id);
      expect([here[index], job.exit, job.outcome, job.source]).toEqual([here[index], {code: 3}, 'failed', 'worker']);
      expect((await up.api.logs(id)).toString().trim().split('\n'), here[index]).toEqual(lines);
      expect(job.gaps ?? []).toEqual([]);
    }
  });
});

test('kill -9 of the client leaves the job alone', async () => {
  await using up = await Up.open();
  const client = spawn(boxyard, ['run', '--engine', 'process', '--', 'sh', '-c', count], {
    env: up.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise(resolve => client.stdout.once('data', resolve));
  client.kill('SIGKILL');
  const job = (await up.api.jobs())[0]!;
  expect((await up.ended(job.id)).exit).toEqual({code: 3});
  expect((await up.api.logs(job.id)).toString().trim().split('\n')).toEqual(lines);
});

test('kill -9 of the session host: the rest comes from the engine, and says that it does', async () => {
  const containers = here.filter(engine => engine !== 'process');
  if (containers.length === 0) return console.log('skipped: no container engine here');
  await using up = await Up.open();
  const ids = await Promise.all(containers.map(engine => up.detached(...on(engine), '--', 'sh', '-c', count)));
  for (const id of ids) await waitFor(async () => (await up.api.logs(id)).length > 100, {within: 20_000, what: `job ${id} writes`});
  for (const {pid} of up.processes(/session-host/)) process.kill(pid, 'SIGKILL');
  for (const id of ids) {
    const job = await up.ended(id);
    expect(job.exit).toEqual({code: 3});
    expect((await up.api.logs(id)).toString().trim().split('\n')).toEqual(lines);
    expect((job.gaps ?? []).map(gap => gap.reason)).toContain('engine-log');
  }
});
