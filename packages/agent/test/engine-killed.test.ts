import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {Step} from '@boxyard/core/protocol';
import {OwnDocker} from '@boxyard/core/testing';
import {Scene, waitFor} from './scene.ts';

const size = {columns: 80, rows: 24};

/** An engine of the test's own, which can be killed. */
interface Mortal {
  readonly module: 'podman' | 'docker';
  readonly socket: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** The engine's own program, for a look from outside. */
  run(...args: readonly string[]): string;
}

/** A podman service of the test's own beside the machine's, over the same boxes; undefined, and why is printed, without podman. */
async function ownPodman(): Promise<Mortal | undefined> {
  if (!existsSync('/run/podman/podman.sock') || spawnSync('podman', ['--version']).status !== 0)
    return void console.log('skipped: podman does not answer here');
  const dir = mkdtempSync(join(tmpdir(), 'own-podman-'));
  const socket = join(dir, 'podman.sock');
  let service: ChildProcess | undefined;
  onTestFinished(() => {
    service?.kill('SIGKILL');
    rmSync(dir, {recursive: true, force: true});
  });
  const start = async () => {
    rmSync(socket, {force: true});
    service = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {stdio: 'ignore', cwd: tmpdir()});
    await waitFor(() => existsSync(socket));
  };
  await start();
  const run = (...args: readonly string[]) => spawnSync('podman', args, {encoding: 'utf8'}).stdout;
  return {module: 'podman', socket, start, run, kill: async () => void service?.kill('SIGKILL')};
}

async function ownDocker(...flags: readonly string[]): Promise<Mortal | undefined> {
  const docker = await OwnDocker.open(...flags);
  if (docker === undefined) return undefined;
  onTestFinished(() => docker[Symbol.asyncDispose]());
  const run = (...args: readonly string[]) => spawnSync('docker', ['-H', `unix://${docker.socket}`, ...args], {encoding: 'utf8'}).stdout;
  return {module: 'docker', socket: docker.socket, start: () => docker.start(), kill: () => docker.kill(), run};
}

/** A DevBox of that engine that runs. */
async function boxIn(scene: Scene, {module, socket, run}: Mortal): Promise<string> {
  await scene.registered({engines: [{module, config: {socket, ...(module === 'podman' ? {start: false} : {})}}]});
  const box = `killed-${process.pid}-${Date.now().toString(36)}`;
  onTestFinished(() => void run('rm', '-f', box));
  const labels = {'io.boxyard.kind': 'devbox', 'io.boxyard.devbox': `d-${'c'.repeat(26)}`, 'io.boxyard.tenant': scene.server.tenant};
  const of = {env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false, network: 'none' as const};
  const made: Step[] = [
    {do: 'container.create', spec: {name: box, labels, image: 'localhost/base:test', main: 'hold', ...of}, secrets: []},
    {do: 'container.start', box, stdin: false},
  ];
  expect((await scene.whole(scene.server.start({engine: module, keepBox: true, steps: made}).job)).result.error).toBeUndefined();
  return box;
}

/** One with a terminal in it that has shown something, and its job. */
async function terminalIn(scene: Scene, engine: Mortal): Promise<{job: string; box: string}> {
  const box = await boxIn(scene, engine);
  const {module} = engine;
  const argv = ['sh', '-c', 'cd /var/tmp; echo shown; sleep 4321 & sleep 4322'];
  const command = {argv, env: {}, stdin: false, tty: {...size, detachedMs: 60_000}};
  const {job} = scene.server.start({engine: module, keepBox: true, steps: [{do: 'container.exec', box, command, secrets: []}]});
  await waitFor(() => scene.server.output(job).bytes.includes('shown'));
  return {job, box};
}

const engines = {
  podman: {own: ownPodman, box: 'running'},
  'docker with live-restore': {own: () => ownDocker('--live-restore'), box: 'running'},
  // It takes its boxes along.
  'docker without live-restore': {own: () => ownDocker(), box: 'exited'},
} as const;

test.for(Object.keys(engines) as (keyof typeof engines)[])(
  'kill -9 of %s ends a terminal with that reason and with its programs, and keeps what it showed, and the box where that can live on',
  async (name, {skip}) => {
    const engine = await engines[name].own();
    if (engine === undefined) return skip();
    await using scene = await Scene.open();
    const {job, box} = await terminalIn(scene, engine);
    await engine.kill();
    await waitFor(() => scene.logs.some(line => line.startsWith('could not look at the box of an exec')));
    await engine.start();
    const {result, stdout} = await scene.whole(job);
    expect({exit: result.exit, reason: result.reason}).toEqual({exit: {unknown: 'engine_restarted'}, reason: 'engine_restarted'});
    expect(stdout).toContain('shown');
    // A new terminal may begin where this one was, if there is still something to see of it.
    expect(result.directory).toBe(engines[name].box === 'running' ? '/var/tmp' : undefined);
    expect(engine.run('inspect', '--format', '{{.State.Status}}', box).trim()).toBe(engines[name].box);
    const inside = () => engine.run('exec', box, 'ps');
    if (engines[name].box === 'running') await waitFor(() => inside() !== '' && !/sleep 432/.test(inside()), 30_000);
  },
);

test.for(Object.keys(engines) as (keyof typeof engines)[])(
  'kill -9 of %s ends the copies that are on their way, with a reason',
  async (name, {skip}) => {
    const engine = await engines[name].own();
    if (engine === undefined) return skip();
    await using scene = await Scene.open();
    const box = await boxIn(scene, engine);
    engine.run('exec', box, 'dd', 'if=/dev/zero', 'of=/var/tmp/big', 'bs=1M', 'count=300');
    const [out, into] = [3 * 2 ** 30 + 1, 3 * 2 ** 30 + 2];
    const of = {type: 'files.open' as const, tenant: scene.server.tenant, engine: engine.module, box};
    scene.server.send({...of, stream: out, what: 'get', path: '/var/tmp/big', credit: 50_000_000});
    scene.server.send({...of, stream: into, what: 'put', path: '/var/tmp/in', credit: 0});
    await waitFor(() => scene.server.data(out).length > 1_000_000);
    await waitFor(() => scene.server.of('stream.credit').some(message => message.stream === into));
    // On its way is what has begun inside.
    await waitFor(() => engine.run('exec', box, 'ps').includes('tar -xof'));
    await engine.kill();
    const endOf = (stream: number) => waitFor(() => scene.server.of('stream.end').find(message => message.stream === stream), 30_000);
    // What the box gives is lost with its stream. What it takes has nothing left to be taken from: its server says the end.
    scene.server.send({type: 'stream.end', stream: into, length: 0});
    scene.server.send({type: 'stream.credit', stream: out, bytes: 500_000_000});
    for (const stream of [out, into]) expect((await endOf(stream)).error?.message ?? '', String(stream)).not.toBe('');
    await engine.start();
  },
);
