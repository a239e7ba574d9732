import {expect, test} from 'vitest';
import {Scene, waitFor} from './scene.ts';

test('a worker the server refuses for good stops and says why', async () => {
  await using scene = await Scene.open();
  scene.server.refuseWith = {
    status: 403,
    body: {error: {code: 'WORKER_FORBIDDEN', message: 'This worker was removed.', hint: 'join again'}},
  };
  await scene.agent();
  const error = await waitFor(() => scene.stopped);
  expect(error).toMatchObject({code: 'WORKER_FORBIDDEN', message: 'This worker was removed.'});
  const count = scene.server.handshakes;
  scene.server.refuseWith = undefined;
  await new Promise(resolve => setTimeout(resolve, 300));
  expect(scene.server.handshakes).toBe(count);
});

for (const {status, headers = {}} of [{status: 401}, {status: 421}, {status: 503, headers: {'retry-after': '0'}}, {status: 502}]) {
  test(`HTTP ${status} is tried again until it is over`, async () => {
    await using scene = await Scene.open();
    scene.server.refuseWith = {status, headers, body: {error: {code: 'UNAUTHENTICATED', message: 'no'}}};
    const agent = await scene.agent();
    await waitFor(() => agent.status() !== 'connecting' && scene.server.handshakes > 0);
    scene.server.refuseWith = undefined;
    await waitFor(() => agent.status() === 'connected', 25_000);
  });
}

test('another installation is not obeyed: everything is kept and it is tried again slowly', async () => {
  await using scene = await Scene.open();
  const agent = await scene.agent({installation: 'i-another'});
  await waitFor(() => agent.status().includes('another server'));
  expect(scene.server.of('worker.register')).toEqual([]);
});

test('a server that falls silent is left, and found again', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  scene.server.socket!.pause();
  await waitFor(() => scene.server.handshakes > 1);
  await waitFor(() => scene.server.of('worker.register').length > 1);
});

test('the first frames say who this is and what it offers', async () => {
  await using scene = await Scene.open();
  await scene.registered({floor: undefined, slots: 3, labels: {gpu: 'none'}});
  const [hello] = scene.server.of('hello');
  const [register] = scene.server.of('worker.register');
  expect(hello).toMatchObject({epoch: 0, machine: expect.stringMatching(/^[0-9a-f]{32}$/)});
  expect(register).toMatchObject({
    name: 'here',
    slots: 3,
    labels: {gpu: 'none'},
    containerEngines: ['process'],
    mode: 'byom',
    platform: 'linux',
  });
  const beat = await waitFor(() => scene.server.of('worker.heartbeat')[0]);
  expect(beat.memoryFree).toBeGreaterThan(0);
  expect(beat.diskTotal).toBeGreaterThan(beat.diskFree!);
  const inventory = await waitFor(() => scene.server.of('worker.inventory')[0]);
  expect(inventory).toMatchObject({engine: 'process', complete: true, boxes: []});
});
