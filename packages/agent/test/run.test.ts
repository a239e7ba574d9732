import {expect, test} from 'vitest';
import {Scene, runSteps, waitFor} from './scene.ts';

test('a command runs, its output arrives whole and its exit is the result', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo hello; echo oops >&2; exit 3'])});
  const {result, stdout, stderr} = await scene.whole(job);
  expect({exit: result.exit, stdout, stderr}).toEqual({exit: {code: 3}, stdout: 'hello\n', stderr: 'oops\n'});
});

test('of output over the cap the head and the tail arrive, and the gap between accounts for every missing byte', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'head -c 90000000 /dev/zero; printf end'])});
  const {result} = await scene.whole(job, 60_000);
  const head = 48 * 1024 * 1024;
  const {gaps, length, bytes} = scene.server.output(job);
  expect({exit: result.exit, logEnd: result.logEnd.stdout, length}).toEqual({exit: {code: 0}, logEnd: 90_000_003, length: 90_000_003});
  expect(result.gaps).toEqual(gaps);
  expect(gaps).toEqual([{stream: 'stdout', from: head, to: expect.any(Number), reason: 'cap'}]);
  expect(length - gaps[0]!.to).toBeGreaterThan(15_000_000);
  expect(bytes.subarray(-3).toString()).toBe('end');
}, 90_000);

test('heartbeats keep their rhythm while a job writes as fast as it can', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const beats: number[] = [];
  const start = scene.server.start({steps: runSteps(['sh', '-c', 'head -c 90000000 /dev/zero'])});
  let seen = scene.server.of('worker.heartbeat').length;
  await waitFor(() => {
    const now = scene.server.of('worker.heartbeat').length;
    if (now > seen) beats.push(performance.now());
    seen = now;
    return scene.server.results.get(start.job) && beats.length > 2;
  }, 60_000);
  const longest = Math.max(...beats.slice(1).map((at, index) => at - beats[index]!));
  expect(longest).toBeLessThan(8_000);
}, 90_000);
