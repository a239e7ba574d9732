import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {files, paths} from '@boxyard/core/config';
import {expect, test} from 'vitest';
import {boxyard, machineEnv} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {baseImage, engines, must, run, Up, waitFor} from './up.ts';

const containers = (await engines()).filter(engine => engine !== 'process');

test('up -d says where it is, where the token lies, what works here and what to type next', async () => {
  await using up = await Up.prepare();
  const started = await up.cli(['up', '-d', '--listen', `127.0.0.1:${up.port}`]);
  expect(started.code, started.stderr).toBe(0);
  for (const said of [
    `http://127.0.0.1:${up.port}`,
    files(paths(up.env)).localToken,
    'Worker: ',
    'boxyard run -- uname -a',
    'boxyard workers invite',
    ...(process.getuid?.() === 0 ? ['Running as root: DevBoxes and files will be root’s.'] : []),
  ])
    expect(started.stderr).toContain(said);
  expect((await up.cli(['down'])).code).toBe(0);
});

test('a server for this machine alone says so when it invites, and how to let others in', async () => {
  await using up = await Up.open();
  const invited = await up.cli(['workers', 'invite']);
  expect(invited.stdout).toMatch(/^bxi_/);
  expect(invited.stderr).toContain(`boxyard config set listen 0.0.0.0:${up.port}`);
  const named = await up.cli(['workers', 'invite', '-o', 'name']);
  expect(named.stderr).toContain('no other machine can reach it');
});

test.skipIf(!hasTmux)('to a person it offers to listen beyond loopback, does it, and remembers', async () => {
  await using up = await Up.prepare();
  expect((await up.cli(['up', '-d', '--listen', `127.0.0.1:${up.port}`])).code).toBe(0);
  await using screen = await openTerminal(`${boxyard} workers invite`, up.env, {columns: 200, rows: 40});
  await screen.shows(`0\\.0\\.0\\.0:${up.port}.*\\[y/N\\]`);
  await screen.keys('y', 'Enter');
  await screen.shows('ENDED 0');
  // A line longer than the terminal goes on in the next row.
  expect((await screen.text()).replaceAll('\n', '')).toMatch(/bxi_(?!127\.)\S+_[0-9a-f]{64}_/);
  expect(readFileSync(files(paths(up.env)).userConfig, 'utf8')).toContain(`0.0.0.0:${up.port}`);
  expect((await up.cli(['run', '--engine', 'process', '--', 'echo', 'still'])).stdout).toBe('still\n');
  expect((await up.cli(['down'])).code).toBe(0);
});

test('login takes a token from a file or from stdin, and none from its arguments', async () => {
  await using up = await Up.open();
  const line = (await up.ok('tokens', 'create', 'ci', '--access', 'member')).trim();
  const env = machineEnv(`${up.root}/other`);
  const login = (args: readonly string[], input = '') => run([boxyard, 'login', ...args], {env, cwd: up.path, input});
  const shown = await login(['--token', line]);
  expect([shown.code, shown.stderr]).toEqual([2, expect.stringContaining('boxyard login --token-file FILE')]);
  expect(shown.stdout + shown.stderr).not.toContain(line);
  writeFileSync(`${up.path}/token`, `${line}\n`);
  for (const ran of [await login(['--token-file', 'token']), await login(['--token', '-'], line), await login(['--token-file', '-'], line)])
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('as token:ci (member of local)')]);
  expect((await login(['--token-file', 'nowhere'])).code).toBe(2);
});

test('--yes answers what would be asked, also where nobody is there', async () => {
  await using up = await Up.prepare();
  const refused = await up.cli(['run', '--engine', 'process', '--', 'echo', 'here']);
  expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('No Boxyard server here.')]);
  await must([boxyard, 'config', 'set', 'listen', `127.0.0.1:${up.port}`], {env: up.env});
  const dry = await up.cli(['run', '--yes', '--dry-run', '--engine', 'process', '--', 'echo', 'here']);
  expect(dry.code, dry.stdout).toBe(125);
  const started = await up.cli(['run', '--yes', '--engine', 'process', '--', 'echo', 'here'], {within: 60_000});
  expect([started.code, started.stdout], started.stderr).toEqual([0, 'here\n']);
  expect((await up.cli(['down'])).code).toBe(0);
});

test.skipIf(!hasTmux)('a worker tells a person in words what it does, a pipe in JSON', async () => {
  await using up = await Up.open();
  const env = machineEnv(`${up.root}/second`, {BOXYARD_INVITATION: (await up.cli(['workers', 'invite', '-o', 'name'])).stdout.trim()});
  expect((await run([boxyard, 'worker', 'join', '--name', 'nas', '--only'], {env})).code).toBe(0);
  await using screen = await openTerminal(`timeout -s INT 5 ${boxyard} worker run --engine process`, env);
  await screen.shows(/\d\d:\d\d:\d\d connected \(url ws:/);
  expect(await screen.text()).not.toContain('{"level"');
  await screen.shows('ENDED');
  const piped = await run(['timeout', '-s', 'INT', '3', boxyard, 'worker', 'run', '--engine', 'process'], {env});
  expect(piped.stdout).toContain('"msg":"connected"');
});

test('an address that was given and is dead is not called “no server here”', async () => {
  await using up = await Up.prepare();
  const dead = ['--server', `http://127.0.0.1:${up.port}`];
  const status = await up.cli(['jobs', 'list', ...dead], {env: {BOXYARD_TOKEN: 'any'}});
  expect([status.code, status.stderr]).toEqual([8, expect.stringContaining(`The server at http://127.0.0.1:${up.port} does not answer`)]);
  expect((await up.cli(['run', ...dead, '--', 'true'], {env: {BOXYARD_TOKEN: 'any'}})).code).toBe(125);
  expect((await up.cli(['jobs', 'list'])).stderr).toContain('No Boxyard server here.');
});

test.each(containers)('an image that %s does not have is not said to be removed; one it alone has is found there', async engine => {
  await using up = await Up.open();
  const only = `localhost/only-${engine}:${up.port}`;
  const probe = `localhost/boxyard-probe-${up.port}:latest`;
  await must([engine, 'tag', baseImage, only]);
  await must([engine, 'tag', baseImage, probe]);
  try {
    expect((await up.cli(['images', 'list'])).stdout).not.toContain('boxyard-probe');
    const elsewhere = containers.find(other => other !== engine);
    if (elsewhere !== undefined) expect((await up.cli(['images', 'remove', only, '--engine', elsewhere])).code).toBe(5);
    const removed = await up.cli(['images', 'remove', only]);
    expect([removed.code, removed.stderr], removed.stderr).toEqual([0, expect.stringContaining(`Removed ${only}`)]);
    expect((await run([engine, 'image', 'inspect', only])).code).not.toBe(0);
    const again = await up.cli(['images', 'remove', only, '--engine', engine]);
    expect([again.code, again.stderr]).toEqual([5, expect.stringContaining(`No image ${only}`)]);
  } finally {
    await run([engine, 'rmi', only, probe]);
  }
});

test('without any container engine everything starts, runs on the machine itself and says so; an image says what to install', async () => {
  const nowhere = {DOCKER_HOST: 'unix:///nowhere/docker.sock', CONTAINER_HOST: 'unix:///nowhere/podman.sock'};
  await using up = await Up.open(nowhere);
  expect(up.program.log).toMatch(/on this machine itself, not isolated/);
  const ran = await up.cli(['run', '--', 'uname', '-a']);
  expect([ran.code, ran.stdout.split(' ')[0]], ran.stderr).toEqual([0, 'Linux']);
  const {items} = await up.json<{items: {name: string}[]}>('workers', 'list');
  const refused = await up.cli(['run', '--image', 'debian:12', '--', 'true']);
  expect([refused.code, refused.stderr]).toEqual([
    125,
    expect.stringMatching(
      new RegExp(
        `No worker runs containers: ${items[0]!.name} has neither podman nor docker\\.\n` +
          'sudo apt-get install podman, or leave out --image to run it on the machine itself',
      ),
    ),
  ]);
});

test.each(containers)('an image that is nowhere is told with the one on %s that was meant', async engine => {
  await using up = await Up.open();
  const ran = await up.cli(['run', '--engine', engine, '--image', baseImage.replace('base', 'bsae'), '--', 'true']);
  expect([ran.code, ran.stderr]).toEqual([
    125,
    expect.stringContaining(`${baseImage.replace('base', 'bsae')}: no such image.\nDid you mean ${baseImage}?`),
  ]);
});

test('output of --each worker carries the worker’s name from its first line on', async () => {
  await using up = await Up.open();
  const [{name}] = (await up.json<{items: [{name: string}]}>('workers', 'list')).items;
  const ran = await up.cli(['run', '--engine', 'process', '--each', 'worker', '--', 'sh', '-c', 'echo one; echo two']);
  expect([ran.code, ran.stdout], ran.stderr).toEqual([0, `${name} | one\n${name} | two\n`]);
});

test('run -d is run --detach', async () => {
  await using up = await Up.open();
  const ran = await up.cli(['run', '-d', '--engine', 'process', '--', 'true']);
  expect(ran.stdout).toMatch(/^j-[a-z2-7]{26}\n$/);
  expect((await up.cli(['jobs', 'wait', ran.stdout.trim()])).code).toBe(0);
});

test('a server that cannot start ends with the code of its error, and speaks of its own options', async () => {
  await using up = await Up.open();
  const env = machineEnv(`${up.root}/second`);
  const busy = await run([boxyard, 'server', '--listen', `127.0.0.1:${up.port}`], {env});
  expect([busy.code, busy.stderr], busy.stderr).toEqual([6, expect.stringContaining(`127.0.0.1:${up.port} is held by`)]);
  const wrong = await run([boxyard, 'server', '--listen', 'nonsense'], {env});
  expect([wrong.code, wrong.stderr]).toEqual([2, '--listen: expected HOST:PORT, got nonsense.\nboxyard server --help\n']);
});

test('a start whose Redis does not answer says what it waits for, and is ended at once', async () => {
  await using up = await Up.prepare();
  const env = {REDIS_URL: 'redis://127.0.0.1:1'};
  const starting = up.cli(['up', '--detach', '--listen', `127.0.0.1:${up.port}`], {env});
  await waitFor(() => existsSync(files(paths(up.env)).up), {within: 20_000, what: 'it starts'});
  const log = files(paths(up.env)).upLog;
  await waitFor(() => readFileSync(log, 'utf8').includes('Still starting. Redis does not answer'), {within: 20_000, what: 'it says why'});
  const from = performance.now();
  expect((await up.cli(['down'])).code).toBe(0);
  expect(performance.now() - from).toBeLessThan(5_000);
  const {code, stderr} = await starting;
  expect(code).not.toBe(0);
  expect(stderr).toContain('Still starting. Redis does not answer');
});

test('a directory that cannot be made is named at once', async () => {
  await using up = await Up.prepare();
  const ran = await up.cli(['up', '--detach'], {env: {BOXYARD_DATA_DIR: '/proc/nope'}});
  expect([ran.code, ran.stderr]).toEqual([expect.any(Number), expect.stringContaining('/proc/nope: no directory can be made there')]);
});

test.skipIf(!hasTmux)('a narrow terminal cuts a table, unless it is asked not to', async () => {
  await using up = await Up.prepare();
  const shown = async (flags: string) => {
    await using screen = await openTerminal(`${boxyard} config list ${flags}`, up.env, {columns: 60, rows: 40});
    await screen.shows('ENDED 0');
    return (await screen.text()).replaceAll('\n', '');
  };
  expect(await shown('')).not.toContain('looks rings here');
  expect(await shown('--no-truncate')).toContain('looks rings here');
});
