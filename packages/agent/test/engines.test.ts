import {existsSync} from 'node:fs';
import {expect, test} from 'vitest';
import {Scene, runSteps} from './scene.ts';

export const containerEngines = [
  {name: 'docker', socket: '/var/run/docker.sock'},
  {name: 'podman', socket: '/run/podman/podman.sock'},
] as const;

for (const {name, socket} of containerEngines) {
  const here = test.skipIf(!existsSync(socket));
  if (!existsSync(socket)) console.log(`skipped: no ${name} at ${socket}`);
  const config = {engines: [{module: name, config: {socket}}]};

  here(`a command runs on ${name}, and its box is gone when the result is stored`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const steps = runSteps(['sh', '-c', 'echo hello; echo oops >&2; exit 3'], {image: 'localhost/base:test'});
    const {job} = scene.server.start({engine: name, steps});
    const {result, stdout, stderr} = await scene.whole(job);
    expect({exit: result.exit, error: result.error, stdout, stderr}).toEqual({exit: {code: 3}, stdout: 'hello\n', stderr: 'oops\n'});
    expect(result.phases.map(phase => phase.name)).toEqual(['create', 'start', 'run']);
  });

  here(`a megabyte of binary input comes back unchanged from ${name}`, async () => {
    await using scene = await Scene.open();
    await scene.registered(config);
    const bytes = Buffer.from(Array.from({length: 3_000_000}, (_, index) => (index * 7919) % 251));
    const steps = runSteps(['cat'], {image: 'localhost/base:test', stdin: true});
    const {job} = scene.server.start({engine: name, steps, stdin: true});
    scene.server.stdin.set(job, {bytes, ended: true});
    const {result} = await scene.whole(job);
    expect(result.exit).toEqual({code: 0});
    expect(scene.server.output(job).bytes.equals(bytes)).toBe(true);
  });
}
