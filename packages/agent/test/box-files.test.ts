import {readFileSync, readdirSync} from 'node:fs';
import {buffer} from 'node:stream/consumers';
import {extract, pack, type Header} from 'tar-stream';
import {expect, test} from 'vitest';
import {newId} from '@boxyard/core/config';
import {MAX_DATA_BYTES, encodeData} from '@boxyard/core/protocol';
import {box, withBox} from './held-box.ts';
import {Scene, waitFor} from './scene.ts';

let last = 3 * 2 ** 30;
const workspace = '/workspace';

interface Asked {
  readonly what?: 'stat' | 'get' | 'put';
  readonly path?: string;
  readonly tenant?: string;
  readonly box?: string;
  readonly engine?: string;
  readonly credit?: number;
}

function open(scene: Scene, {what = 'get', path = workspace, credit = 0, ...change}: Asked = {}): number {
  last += 1;
  scene.server.send({type: 'files.open', stream: last, tenant: scene.server.tenant, engine: 'process', box, what, path, credit, ...change});
  return last;
}

const ended = (scene: Scene, stream: number) => waitFor(() => scene.server.of('stream.end').find(message => message.stream === stream));
const failed = async (scene: Scene, stream: number) => (await ended(scene, stream)).error?.code;
async function opened(scene: Scene, stream: number) {
  const of = <T extends {readonly stream: number}>(messages: readonly T[]) => messages.find(message => message.stream === stream);
  const isThere = () => of(scene.server.of('files.opened')) ?? of(scene.server.of('stream.end'));
  const first = await waitFor(isThere);
  if (first.type === 'stream.end') throw new Error(`ended instead of opened: ${JSON.stringify(first)}`);
  return first;
}

function tarOf(items: readonly (Partial<Header> & {readonly name: string; readonly content?: string | Buffer})[]): Promise<Buffer> {
  const tar = pack();
  for (const {content, ...header} of items) tar.entry(header, content ?? '');
  tar.finalize();
  return buffer(tar as unknown as Parameters<typeof buffer>[0]);
}

/** Within the credit that the agent gives. */
async function send(scene: Scene, stream: number, bytes: Buffer): Promise<void> {
  const given = () =>
    scene.server
      .of('stream.credit')
      .filter(message => message.stream === stream)
      .reduce((sum, message) => sum + message.bytes, 0);
  for (let at = 0; at < bytes.length;) {
    const most = await waitFor(() => Math.min(given() - at, MAX_DATA_BYTES) || undefined);
    const part = bytes.subarray(at, at + most);
    scene.server.socket?.send(encodeData({stream, offset: at, bytes: part}));
    at += part.length;
  }
}

async function put(scene: Scene, items: Parameters<typeof tarOf>[0], path = workspace): Promise<string | undefined> {
  const stream = open(scene, {what: 'put', path});
  await opened(scene, stream);
  const bytes = await tarOf(items);
  await send(scene, stream, bytes);
  scene.server.send({type: 'stream.end', stream, length: bytes.length});
  return failed(scene, stream);
}

async function namesIn(tar: Buffer): Promise<Record<string, number>> {
  const entries = extract();
  entries.end(tar);
  const found: Record<string, number> = {};
  for await (const entry of entries) {
    found[entry.header.name] = (await buffer(entry)).length;
  }
  return found;
}

/** Programs of this machine that belong to the box. */
const programs = (): string[] =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`BOXYARD_BOX=${box}\0`);
    } catch {
      return false;
    }
  });

test('files are refused of a box of another tenant, of none, of an engine that is not here, of what is not there or not the box’s', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  for (const what of ['stat', 'get', 'put'] as const) {
    expect(await failed(scene, open(scene, {what, tenant: newId('t')}))).toBe('NOT_FOUND');
    expect(await failed(scene, open(scene, {what, box: 'no-such-box'}))).toBe('NOT_FOUND');
    expect(await failed(scene, open(scene, {what, engine: 'docker'}))).toBe('ENGINE_UNAVAILABLE');
    expect(await failed(scene, open(scene, {what, path: '/etc/passwd'}))).toBe('UNSUPPORTED');
  }
  expect(await failed(scene, open(scene, {path: `${workspace}/none`}))).toBe('NOT_FOUND');
  expect((await opened(scene, open(scene, {what: 'stat', path: `${workspace}/none`}))).kind).toBe('absent');
});

test('files of a box weaker than the floor are refused', async () => {
  await using scene = await Scene.open();
  const agent = await withBox(scene);
  await agent.close();
  const before = scene.server.of('worker.register').length;
  await scene.agent({floor: 'standard'});
  await waitFor(() => scene.server.of('worker.register').length > before);
  expect(await failed(scene, open(scene))).toBe('FLOOR_REFUSED');
});

test('what was put is got, never more of it than was asked for, and is known for what it is', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  const content = Buffer.alloc(3_000_000, 'abc');
  expect(
    await put(
      scene,
      [
        {name: 'dir', type: 'directory'},
        {name: 'dir/big', content},
      ],
      `${workspace}/new`,
    ),
  ).toBeUndefined();
  const kinds = ['new/dir', 'new/dir/big', 'none'].map(async name => {
    const stream = open(scene, {what: 'stat', path: `${workspace}/${name}`});
    return (await opened(scene, stream)).kind;
  });
  expect(await Promise.all(kinds)).toEqual(['directory', 'file', 'absent']);

  const stream = open(scene, {path: `${workspace}/new/dir`, credit: 100_000});
  let given = 100_000;
  const isOver = () => scene.server.of('stream.end').some(message => message.stream === stream);
  while (!isOver()) {
    await waitFor(() => isOver() || scene.server.data(stream).length === given);
    expect(scene.server.data(stream).length).toBeLessThanOrEqual(given);
    scene.server.send({type: 'stream.credit', stream, bytes: 500_000});
    given += 500_000;
  }
  const {length, error} = await ended(scene, stream);
  expect([length, error]).toEqual([scene.server.data(stream).length, undefined]);
  expect(await namesIn(scene.server.data(stream).bytes)).toEqual({'dir/': 0, 'dir/big': content.length});
});

test('an archive that reaches further than its folder, that is none, or that is not what was said, is refused', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  expect(await put(scene, [{name: '../out', content: 'x'}])).toBe('ARCHIVE_REFUSED');
  expect(await put(scene, [{name: 'l', type: 'symlink', linkname: '/etc'}])).toBe('ARCHIVE_REFUSED');
  const none = open(scene, {what: 'put'});
  await opened(scene, none);
  await send(scene, none, Buffer.alloc(2_048, 'no archive'));
  scene.server.send({type: 'stream.end', stream: none, length: 2_048});
  expect(await failed(scene, none)).toBe('ARCHIVE_REFUSED');
  const short = open(scene, {what: 'put'});
  await opened(scene, short);
  await send(scene, short, await tarOf([{name: 'a', content: 'x'}]));
  scene.server.send({type: 'stream.end', stream: short, length: 1_000_000});
  expect(await failed(scene, short)).toBeDefined();
});

test('a copy that its server gives up, or that loses it, leaves no program in the box', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  const whole = await tarOf([{name: 'big', content: Buffer.alloc(700_000, 'x')}]);
  const begin = async () => {
    const stream = open(scene, {what: 'put', path: `${workspace}/cut`});
    await opened(scene, stream);
    await send(scene, stream, whole.subarray(0, 400_000));
    await waitFor(() => programs().length > 0);
    return stream;
  };
  scene.server.send({type: 'stream.end', stream: await begin(), error: {code: 'INTERRUPTED', message: 'gone'}});
  await waitFor(() => programs().length === 0);
  await begin();
  scene.server.drop();
  await waitFor(() => programs().length === 0);
});

test('more copies at once than a worker takes are refused', async () => {
  await using scene = await Scene.open();
  await withBox(scene);
  expect(await put(scene, [{name: 'big', content: Buffer.alloc(1_000_000)}])).toBeUndefined();
  // Nobody gives credit, so none of them ends.
  const streams = Array.from({length: 64}, () => open(scene, {path: `${workspace}/big`}));
  for (const stream of streams) await opened(scene, stream);
  expect(await failed(scene, open(scene))).toBe('TOO_MANY_REQUESTS');
  for (const stream of streams) scene.server.send({type: 'stream.end', stream, error: {code: 'INTERRUPTED', message: 'gone'}});
  await waitFor(() => programs().length === 0);
  expect((await opened(scene, open(scene, {what: 'stat'}))).kind).toBe('directory');
});
