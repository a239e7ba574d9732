import {existsSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {files, paths} from '@boxyard/core/config';
import {run, Up, waitFor} from './up.ts';
import {boxyard, machineEnv} from '../faults/lab/directories.ts';

test('up says where it is, that it is ready and what to type next; a second one says it runs; down ends it all', async () => {
  await using up = await Up.open();
  const log = up.program.log;
  expect(log).toContain(`http://127.0.0.1:${up.port}`);
  expect(log).toContain(files(paths(up.env)).localToken);
  expect(log).toMatch(/boxyard run/);
  expect(statSync(files(paths(up.env)).localToken).mode & 0o777).toBe(0o600);

  const status = await up.cli(['status']);
  expect(status.code, status.stderr).toBe(0);
  expect(status.stdout + status.stderr).toContain(String(up.port));
  const second = await up.cli(['up', '--no-dashboard', '--listen', '127.0.0.1:0']);
  expect(second.code).toBe(6);
  expect(second.stderr).toMatch(/Boxyard already runs here \(pid \d+, 1 worker\)\./);

  const down = await up.cli(['down']);
  expect(down.code, down.stderr).toBe(0);
  await up.program.ended();
  await waitFor(() => up.processes(/redis-server|server\.js|agent\.js/).length === 0, {
    within: 15_000,
    what: 'server, agent and Redis are gone',
  });
  const after = await up.cli(['run', '--', 'true']);
  expect(after.code).toBe(125);
  expect(after.stderr).toContain('No Boxyard server here.');
});

test('no signal opens a debugger in what up started', async () => {
  await using up = await Up.open();
  await up.ok('run', '--engine', 'process', '--', 'true');
  const ours = up.processes(/server\.js|agent\.js|session-host/);
  expect(ours.length).toBe(3);
  for (const {pid} of ours) process.kill(pid, 'SIGUSR1');
  await up.ok('run', '--engine', 'process', '--', 'true');
  const {serverLog, agentLog, agentData} = files(paths(up.env));
  const said = [serverLog, agentLog, join(agentData, 'session-host.log')].map(file => readFileSync(file, 'utf8')).join('');
  expect(said).not.toMatch(/debugger|inspector/i);
  const alive = new Set(up.processes(/server\.js|agent\.js|session-host/).map(({pid}) => pid));
  expect(ours.filter(({pid}) => !alive.has(pid))).toEqual([]);
});

test('status says that Redis does not answer, and that the server still does', async () => {
  await using up = await Up.open();
  const redis = up.processes(/redis-server/)[0]!.pid;
  process.kill(redis, 'SIGSTOP');
  try {
    const hung = await up.cli(['status']);
    expect([hung.code, hung.stdout], hung.stderr).toEqual([
      0,
      expect.stringMatching(/degraded.*Redis away\)\nTrouble: .*Redis does not answer.*\nWorkers: .*unknown: /s),
    ]);
  } finally {
    process.kill(redis, 'SIGCONT');
  }
  await waitFor(async () => (await up.ok('status')).includes('(ok, '), {within: 20_000, what: 'all is well again'});
});

test('a busy port is named with its holder and the flag to use', async () => {
  await using up = await Up.open();
  const {root} = up;
  const other = machineEnv(`${root}/other`);
  const ran = await run([boxyard, 'up', '--no-dashboard', '--listen', `127.0.0.1:${up.port}`], {env: other, within: 30_000});
  expect(ran.code).toBe(6);
  expect(ran.stderr).toMatch(new RegExp(`127\\.0\\.0\\.1:${up.port} is held by .*\\(pid \\d+\\)\\.`));
  expect(ran.stderr).toContain('boxyard up --listen 127.0.0.1:');
});

test('up -d comes back when all is ready, and a killed up is no first one', async () => {
  await using up = await Up.prepare();
  const started = await up.cli(['up', '-d', '--listen', `127.0.0.1:${up.port}`]);
  expect(started.code, started.stderr).toBe(0);
  const ran = await up.cli(['run', '--engine', 'process', '--', 'sh', '-c', 'echo here; exit 3']);
  expect([ran.code, ran.stdout]).toEqual([3, 'here\n']);
  for (const {pid} of up.processes(/boxyard|server\.js|agent\.js|redis/)) process.kill(pid, 'SIGKILL');
  const again = await up.cli(['up', '-d', '--listen', `127.0.0.1:${up.port}`]);
  expect(again.code, again.stderr).toBe(0);
  expect((await up.cli(['run', '--engine', 'process', '--', 'true'])).code).toBe(0);
  expect((await up.cli(['down'])).code).toBe(0);
  expect(existsSync(files(paths(up.env)).up)).toBe(false);
});

test('where the machine of the server is removed from the workers the server goes on, starts again and can have it back', async () => {
  await using up = await Up.open();
  const worker = (await up.ok('workers', 'list', '-o', 'name')).trim();
  await up.ok('workers', 'remove', worker);
  await waitFor(() => up.program.log.includes('This machine was removed from the workers'), {within: 20_000, what: 'up says so'});
  expect(up.program.isRunning).toBe(true);
  expect(await up.ok('workers', 'list', '-o', 'name')).toBe('');

  await up.ok('down');
  const again = await up.cli(['up', '-d', '--listen', `127.0.0.1:${up.port}`]);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('boxyard worker join --only')]);
  const invitation = (await up.json<{line: string}>('workers', 'invite')).line;
  expect((await up.cli(['worker', 'join', '--only'], {input: invitation})).code).toBe(0);
  await up.ok('down');
  const back = await up.cli(['up', '-d', '--listen', `127.0.0.1:${up.port}`]);
  expect([back.code, back.stderr]).toEqual([0, expect.stringContaining('Worker: ')]);
  await up.ok('run', '--engine', 'process', '--', 'true');
  await up.ok('down');
});
