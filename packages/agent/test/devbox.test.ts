import {spawnSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {Readable} from 'node:stream';
import {expect, test} from 'vitest';
import {extract} from 'tar-stream';
import type {Step} from '@boxyard/core/protocol';
import {tarOf} from '../src/steps/tar-of.ts';
import {Scene, waitFor} from './scene.ts';

const engines = [
  {name: 'docker', socket: '/var/run/docker.sock'},
  {name: 'podman', socket: '/run/podman/podman.sock'},
] as const;
let count = 0;
const boxName = () => `dev-${process.pid}-${Date.now().toString(36)}-${++count}`;
const create = (box: string, secrets: Extract<Step, {do: 'container.create'}>['secrets'] = [], main: string[] | 'hold' = 'hold'): Step => ({
  do: 'container.create',
  spec: {
    name: box,
    labels: {'io.boxyard.kind': 'devbox', 'io.boxyard.devbox': `d-${'c'.repeat(26)}`},
    image: 'localhost/base:test',
    main,
    env: {},
    stdin: false,
    limits: {},
    mounts: [],
    readOnlyRoot: false,
  },
  secrets,
});
const exec = (box: string, script: string): Step => ({
  do: 'container.exec',
  box,
  command: {argv: ['sh', '-c', script], env: {}, stdin: false},
  secrets: [],
});

for (const {name, socket} of engines) {
  const here = test.skipIf(!existsSync(socket));
  const config = {engines: [{module: name, config: {socket}}]};

  here(`a DevBox on ${name} is made, set up, used, stopped, started and removed`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const box = boxName();
    const run = (steps: Step[]) => scene.server.start({engine: name, keepBox: true, steps});
    scene.server.blobs.set('upload', tarOf('file.txt', Buffer.from('from the client')));
    const made = run([
      create(box),
      {do: 'container.setup', box, source: {kind: 'dir', blob: 'upload', bytes: 1}, commands: []},
      {do: 'container.start', box, stdin: false},
      {do: 'container.setup', box, task: 'do it', commands: ['echo setting up', 'echo made > made.txt']},
    ]);
    const {result, log} = await scene.whole(made.job);
    expect({exit: result.exit, error: result.error}).toEqual({exit: {code: 0}});
    expect(log).toBe('$ echo setting up\nsetting up\n$ echo made > made.txt\n');
    const used = run([exec(box, 'cat /workspace/file.txt /workspace/BOXYARD_TASK.md /workspace/made.txt; exit 5')]);
    const whole = await scene.whole(used.job);
    expect({stdout: whole.stdout, exit: whole.result.exit}).toEqual({stdout: 'from the clientdo itmade\n', exit: {code: 5}});
    await scene.result(run([{do: 'container.stop', box, graceMs: 100}]).job);
    const stopped = await waitFor(() =>
      scene.server
        .of('worker.inventory')
        .at(-1)
        ?.boxes.find(one => one.name === box && one.state === 'exited'),
    );
    expect(stopped.labels['io.boxyard.agent']).toMatch(/^[0-9a-f]{32}$/);
    await scene.result(run([{do: 'container.start', box, stdin: false}]).job);
    const again = await scene.whole(run([exec(box, 'cat /workspace/made.txt')]).job);
    expect(again.stdout).toBe('made\n');
    expect((await scene.result(run([{do: 'container.remove', box}]).job)).exit).toEqual({code: 0});
  });

  here(`a DevBox on ${name} whose making failed before it ever ran leaves no container`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const box = boxName();
    scene.server.blobs.set('hostile', tarOf('../outside.txt', Buffer.from('no')));
    const source = {kind: 'dir' as const, blob: 'hostile', bytes: 1};
    const steps: Step[] = [create(box), {do: 'container.setup', box, source, commands: []}, {do: 'container.start', box, stdin: false}];
    const {job} = scene.server.start({engine: name, keepBox: true, steps});
    expect((await scene.result(job)).error).toBeDefined();
    await waitFor(() => spawnSync('docker', ['-H', `unix://${socket}`, 'inspect', box]).status !== 0, 10_000);
  });

  here(`an image of ${name} that could only have been made here is not looked for on a registry`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const {job} = scene.server.start({engine: name, steps: [{do: 'image.pull', ref: 'localhost/never-made:1', always: false}]});
    expect((await scene.result(job)).error).toMatchObject({code: 'IMAGE_NOT_FOUND', message: 'localhost/never-made:1: no such image.'});
  });

  here(`a setup command that fails on ${name} is named in the error, and an image without git says so`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const box = boxName();
    const start: Step[] = [create(box), {do: 'container.start', box, stdin: false}];
    const failing = scene.server.start({
      engine: name,
      keepBox: true,
      steps: [...start, {do: 'container.setup', box, commands: ['exit 9']}],
    });
    expect((await scene.result(failing.job)).error).toMatchObject({
      code: 'SETUP_FAILED',
      message: expect.stringContaining('`exit 9` ended with code 9'),
    });
    const source = {kind: 'repo' as const, url: 'https://git.invalid/app.git'};
    const clone = scene.server.start({engine: name, keepBox: true, steps: [{do: 'container.setup', box, source, commands: []}]});
    expect((await scene.result(clone.job)).error).toMatchObject({code: 'GIT_MISSING', message: 'The box has no git.'});
    const hostile = {kind: 'repo' as const, url: '--upload-pack=touch /tmp/x'};
    const refused = scene.server.start({engine: name, keepBox: true, steps: [{do: 'container.setup', box, source: hostile, commands: []}]});
    expect((await scene.result(refused.job)).error?.code).toBe('URL_REFUSED');
    await scene.result(scene.server.start({engine: name, steps: [{do: 'container.remove', box}]}).job);
  });

  here(`paths asked for come back as one archive from ${name}, named as in the workspace`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const box = boxName();
    const steps: Step[] = [
      create(box, [], ['sh', '-c', 'mkdir -p /workspace/dist/app && cd /workspace && echo one > dist/app/a && echo two > b']),
      {do: 'container.start', box, stdin: false},
      {do: 'container.wait', box},
      {do: 'container.collect', box, paths: ['dist/app', 'b', 'missing']},
    ];
    const {job} = scene.server.start({engine: name, steps});
    const {result, log} = await scene.whole(job);
    expect({exit: result.exit, error: result.error, bytes: result.out?.bytes}).toEqual({
      exit: {code: 0},
      bytes: scene.server.uploads.get(job)!.length,
    });
    expect(log).toContain('missing: not there');
    const found: Record<string, string> = {};
    const entries = Readable.from([scene.server.uploads.get(job)!]).pipe(extract());
    for await (const entry of entries) {
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(part as Buffer);
      if (entry.header.type === 'file') found[entry.header.name] = Buffer.concat(parts).toString();
    }
    expect(found).toEqual({'dist/app/a': 'one\n', b: 'two\n'});
  });

  here(`a secret file on ${name} lies in memory, is readable by its owner only and is there before the program`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    scene.server.secrets.get = () => ({key: 'line one\nline two-secret'});
    const box = boxName();
    const script =
      'cat /run/boxyard/secrets/key | wc -c; stat -c %a /run/boxyard/secrets/key; grep -c "/run/boxyard/secrets tmpfs" /proc/mounts';
    const steps: Step[] = [
      create(box, [{secret: 'key', as: 'key', kind: 'file'}], ['sh', '-c', script]),
      {do: 'container.start', box, stdin: false},
      {do: 'container.wait', box},
    ];
    const {job} = scene.server.start({engine: name, steps});
    const {result, stdout} = await scene.whole(job);
    expect({error: result.error, stdout}).toEqual({stdout: '24\n400\n1\n'});
  });
}
