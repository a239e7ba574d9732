import {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import {expect, test} from 'vitest';
import {buildAgain} from '../../src/engines/podman/build-again.ts';

const killed = new Error('The build failed: building at STEP "RUN x": while running runtime: signal: killed.');
const never = new AbortController().signal;

/** Builds that read their archive and fail so often; what they read and what was logged. */
async function tried(archive: Readable, failures: readonly Error[], signal = never) {
  const read: number[] = [];
  let said = '';
  const build = async (context: Readable) => {
    read.push((await buffer(context)).length);
    const failure = failures[read.length - 1];
    if (failure !== undefined) throw failure;
    return 'built';
  };
  const end = await buildAgain(archive, bytes => (said += Buffer.from(bytes).toString()), signal, build).catch((error: unknown) => error);
  return {end, read, said};
}

const archive = (parts = 3, length = 1_000) => Readable.from(Array.from({length: parts}, () => Buffer.alloc(length, 'x')));

test('a build that podman killed begins again with the same archive, and says so', async () => {
  const {end, read, said} = await tried(archive(), [killed, killed]);
  expect([end, read]).toEqual(['built', [3_000, 3_000, 3_000]]);
  expect(said.match(/begins again/g)).toHaveLength(2);
});

test('three times are enough, and any other failure is its own', async () => {
  expect(await tried(archive(), [killed, killed, killed, killed])).toMatchObject({end: killed, read: [3_000, 3_000, 3_000]});
  const failed = new Error('The build failed: while running runtime: exit status 137.');
  expect(await tried(archive(), [failed])).toMatchObject({end: failed, read: [3_000]});
  expect(await tried(archive(), [killed], AbortSignal.abort())).toMatchObject({end: killed, read: [3_000]});
});

test('of an archive that is too large to be kept there is one try', async () => {
  expect(await tried(archive(17, 1024 * 1024), [killed])).toMatchObject({end: killed, read: [17 * 1024 * 1024]});
});

test('an archive that breaks off ends the build with its reason', async () => {
  async function* broken() {
    yield Buffer.alloc(10);
    throw new Error('the disk is gone');
  }
  expect((await tried(Readable.from(broken()), [])).end).toMatchObject({message: 'the disk is gone'});
});
