import {once} from 'node:events';
import {createServer, type AddressInfo, type Socket} from 'node:net';
import {newId} from '@boxyard/core/config';
import {expect, onTestFinished, test} from 'vitest';
import {box, withBox} from './held-box.ts';
import {Scene, waitFor} from './scene.ts';

let stream = 2 ** 31;

function open(scene: Scene, change: {tenant?: string; box?: string; port?: number; engine?: string} = {}): number {
  stream += 1;
  scene.server.send({type: 'port.open', stream, tenant: scene.server.tenant, engine: 'process', box, port: 1, ...change});
  return stream;
}

const ended = (scene: Scene, number: number) =>
  waitFor(() => scene.server.of('stream.end').find(message => message.stream === number && message.error !== undefined)?.error);

test('a connection is refused into a box of another tenant, of nobody, that does not run, and where nobody listens', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  expect((await ended(scene, open(scene, {tenant: newId('t')}))).code).toBe('NOT_FOUND');
  expect((await ended(scene, open(scene, {box: 'no-such-box'}))).code).toBe('NOT_FOUND');
  expect((await ended(scene, open(scene, {engine: 'docker'}))).code).toBe('ENGINE_UNAVAILABLE');
  expect(await ended(scene, open(scene))).toMatchObject({code: 'PORT_CLOSED', message: 'Nothing listens on port 1 in web.'});
  await scene.result(scene.server.start({keepBox: true, steps: [{do: 'container.stop', box, graceMs: 100}]}).job);
  expect((await ended(scene, open(scene))).code).toBe('CONFLICT');
});

test('a connection into a box weaker than the floor is refused', async () => {
  await using scene = await Scene.open();
  const agent = await withBox(scene);
  await agent.close();
  const before = scene.server.of('worker.register').length;
  await scene.agent({floor: 'standard'});
  await waitFor(() => scene.server.of('worker.register').length > before);
  expect((await ended(scene, open(scene))).code).toBe('FLOOR_REFUSED');
});

test('a connection ends with the server’s socket', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  const program = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void program.close());
  await once(program, 'listening');
  const connected = once(program, 'connection');
  const number = open(scene, {port: (program.address() as AddressInfo).port});
  const [socket] = (await connected) as [Socket];
  await waitFor(() => scene.server.of('port.opened').some(message => message.stream === number));
  const closed = new Promise(resolve => socket.on('error', () => undefined).once('close', resolve));
  socket.resume();
  scene.server.drop();
  await closed;
});
