import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {existsSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {Step} from '@boxyard/core/protocol';
import {Scene, waitFor} from './scene.ts';

const hasPodman = existsSync('/run/podman/podman.sock') && spawnSync('podman', ['--version']).status === 0;
const size = {columns: 80, rows: 24};

/** A podman service of the test's own beside the machine's, over the same boxes. */
function service(socket: string): ChildProcess {
  const child = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {stdio: 'ignore', cwd: tmpdir()});
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test.skipIf(!hasPodman)(
  'kill -9 of the engine ends a terminal with that reason and with its programs, and keeps the box and what it showed',
  async () => {
    await using scene = await Scene.open();
    const socket = join(mkdtempSync(join(tmpdir(), 'engine-')), 'podman.sock');
    const first = service(socket);
    await waitFor(() => existsSync(socket));
    await scene.registered({engines: [{module: 'podman', config: {socket, start: false}}]});
    const box = `killed-${process.pid}-${Date.now().toString(36)}`;
    onTestFinished(() => void spawnSync('podman', ['rm', '-f', '-t', '0', box]));
    const labels = {'io.boxyard.kind': 'devbox', 'io.boxyard.devbox': `d-${'c'.repeat(26)}`};
    const spec = {
      name: box,
      labels,
      image: 'localhost/base:test',
      main: 'hold' as const,
      env: {},
      stdin: false,
      limits: {},
      mounts: [],
      readOnlyRoot: false,
    };
    const made: Step[] = [
      {do: 'container.create', spec, secrets: []},
      {do: 'container.start', box, stdin: false},
    ];
    expect((await scene.whole(scene.server.start({engine: 'podman', keepBox: true, steps: made}).job)).result.error).toBeUndefined();
    const argv = ['sh', '-c', 'echo shown; sleep 4321 & sleep 4322'];
    const command = {argv, env: {}, stdin: false, tty: {...size, detachedMs: 60_000}};
    const {job} = scene.server.start({engine: 'podman', keepBox: true, steps: [{do: 'container.exec', box, command, secrets: []}]});
    await waitFor(() => scene.server.output(job).bytes.includes('shown'));
    first.kill('SIGKILL');
    await waitFor(() => scene.logs.some(line => line.startsWith('could not look at the box of an exec')));
    const again = service(socket);
    const {result, stdout} = await scene.whole(job);
    expect({exit: result.exit, reason: result.reason}).toEqual({exit: {unknown: 'engine_restarted'}, reason: 'engine_restarted'});
    expect(stdout).toContain('shown');
    expect(again.exitCode).toBeNull();
    const inside = () => spawnSync('podman', ['exec', box, 'ps'], {encoding: 'utf8'}).stdout;
    await waitFor(() => inside() !== '' && !/sleep 432/.test(inside()), 30_000);
  },
);
