import {request} from 'node:http';
import {buffer, text} from 'node:stream/consumers';
import {expect, onTestFinished, test} from 'vitest';
import {BoxyardError} from '../../src/errors/index.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';

/** A door behind which a DevBox’s files are these bytes, and then what is wrong. */
async function startDoor(bytes: string, error?: Error): Promise<TestDoor> {
  const door = await startTestDoor();
  onTestFinished(() => door[Symbol.asyncDispose]());
  door.services.files.get = async () =>
    (async function* () {
      yield Buffer.from(bytes);
      if (error !== undefined) throw error;
    })();
  return door;
}

async function collect(source: AsyncIterable<Uint8Array>, into: Buffer[]): Promise<void> {
  for await (const bytes of source) into.push(Buffer.from(bytes));
}

const get = (door: TestDoor) => door.client().devboxesFilesGet({devbox: 'web', query: {path: '/x'}});

test('why an answer broke off in its middle is what the client throws, behind the bytes that came', async () => {
  const door = await startDoor('half', new BoxyardError('NO_SPACE', {where: 'the worker'}));
  const came: Buffer[] = [];
  expect(await codeOf(collect(get(door), came))).toBe('NO_SPACE');
  expect(Buffer.concat(came).toString()).toBe('half');
});

test('what nobody expected says no more than that', async () => {
  const door = await startDoor('half', new Error('secret of the inside'));
  const failed = await collect(get(door), []).catch((error: unknown) => error as BoxyardError);
  expect(failed).toMatchObject({code: 'INTERNAL'});
  expect(JSON.stringify(failed) + String(failed)).not.toContain('secret of the inside');
});

test('a whole answer is whole', async () => {
  const door = await startDoor('whole');
  const came: Buffer[] = [];
  await collect(get(door), came);
  expect(Buffer.concat(came).toString()).toBe('whole');
});

test('to a client that reads no trailers an answer that broke off never looks whole', async () => {
  const door = await startDoor('half', new BoxyardError('NO_SPACE', {where: 'the worker'}));
  const token = door.line.slice(door.line.lastIndexOf('_') + 1);
  const asked = request({
    port: door.port,
    host: '127.0.0.1',
    path: '/v1/devboxes/web/files?path=/x',
    agent: false,
    headers: {authorization: `Bearer ${token}`},
  });
  asked.end();
  const answer = await new Promise<AsyncIterable<Uint8Array>>((resolve, reject) => {
    asked.once('response', resolve);
    asked.once('error', reject);
  });
  await expect(buffer(answer as unknown as Parameters<typeof buffer>[0])).rejects.toThrow();
});

test('text of any kind and length comes through', async () => {
  const said = 'ünlesbar: „a“\r\nb\0 '.repeat(500);
  const door = await startDoor('', new BoxyardError('ENGINE_FAILED', {engine: 'process', call: 'files'}, {message: said}));
  const failed = await text(get(door) as unknown as Parameters<typeof text>[0]).catch((error: unknown) => error as BoxyardError);
  expect((failed as BoxyardError).message).toBe(said.slice(0, 1_000));
});
