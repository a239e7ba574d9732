import {spawn} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {Program} from '../faults/lab/program.ts';
import {freePort} from '../faults/primitives/redis.ts';
import {baseImage, engines, must, run, Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const containers = (await engines()).filter(engine => engine !== 'process');
const hasRegistry = (await run(['sh', '-c', 'command -v docker-registry'])).code === 0;
if (!hasRegistry) console.log('skipped: docker-registry is not installed, so nothing is pulled');

/** A real registry on loopback, in plain text. */
async function registry(): Promise<AsyncDisposable & {address: string}> {
  const port = await freePort();
  const dir = join(up.root, `registry-${port}`);
  mkdirSync(dir);
  const config = join(dir, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nstorage: {filesystem: {rootdirectory: ${dir}/store}, delete: {enabled: true}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
  );
  const program = new Program({
    name: 'registry',
    argv: ['docker-registry', 'serve', config],
    env: {PATH: process.env['PATH'] ?? ''},
    log: join(dir, 'log'),
  });
  program.start();
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).status === 200, {within: 15_000, what: 'the registry answers'});
  return {address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]()};
}

async function publish(engine: string, ref: string): Promise<void> {
  await must([engine, 'tag', baseImage, ref]);
  await must([engine, 'push', ...(engine === 'podman' ? ['--tls-verify=false'] : []), ref], {within: 60_000});
  await must([engine, 'rmi', ref]);
}

describe.each(containers)('images on %s', engine => {
  // podman asks registries over TLS unless its machine's settings say otherwise, and those are not the test's to change.
  test.skipIf(!hasRegistry || engine === 'podman')('are pulled from a registry, checked and removed', async () => {
    await using local = await registry();
    const ref = `${local.address}/tools/base:1`;
    await publish(engine, ref);
    expect((await up.cli(['images', 'check', ref])).code).toBe(5);
    const pulled = await up.cli(['images', 'pull', ref, '--engine', engine]);
    expect(pulled.code, pulled.stderr).toBe(0);
    expect((await up.cli(['images', 'check', ref])).code).toBe(0);
    const ran = await up.cli(['run', '--engine', engine, '--image', ref, '--', 'echo', 'pulled']);
    expect(ran.stdout).toBe('pulled\n');
    expect((await up.cli(['images', 'remove', ref, '--engine', engine])).code).toBe(0);
    expect((await up.cli(['images', 'check', ref])).code).toBe(5);
    const missing = await up.cli(['images', 'pull', `${local.address}/tools/none:1`, '--engine', engine]);
    expect([missing.code, missing.stderr.includes(`${local.address}/tools/none:1: no such image.`)], missing.stderr).toEqual([1, true]);
  });

  test('are pulled by the run that needs them', async () => {
    if (!hasRegistry || engine === 'podman') return console.log(`skipped: no registry for ${engine}`);
    await using local = await registry();
    const ref = `${local.address}/tools/base:2`;
    await publish(engine, ref);
    const ran = await up.cli(['run', '--engine', engine, '--image', ref, '--', 'echo', 'pulled']);
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, 'pulled\n']);
    await run([engine, 'rmi', ref]);
  });

  test('are built from a directory, with arguments, and run', async () => {
    const dir = join(up.path, `build-${engine}`);
    mkdirSync(dir);
    writeFileSync(
      join(dir, 'Containerfile'),
      `FROM ${baseImage}\nARG WORD\nCOPY hello /hello\nRUN echo building $WORD && echo $WORD >> /hello\n`,
    );
    writeFileSync(join(dir, 'hello'), 'hello\n');
    const ref = `localhost/built-${engine}:1`;
    const built = await up.cli([
      'images',
      'build',
      dir,
      '--tag',
      ref,
      '--file',
      'Containerfile',
      '--build-arg',
      'WORD=world',
      '--no-cache',
      '--engine',
      engine,
    ]);
    expect(built.code, built.stderr).toBe(0);
    expect(built.stderr).toContain('building world');
    const ran = await up.cli(['run', '--engine', engine, '--image', ref, '--', 'cat', '/hello']);
    expect(ran.stdout).toBe('hello\nworld\n');
    const listed = await up.json<{items: {refs: string[]; engine: string}[]}>('images', 'list');
    expect(listed.items.some(image => image.engine === engine && image.refs.includes(ref))).toBe(true);
    expect((await up.cli(['images', 'remove', ref, '--engine', engine])).code).toBe(0);
  });

  test('stop being built with Ctrl-C, and nothing of the step goes on', async () => {
    const dir = join(up.path, `slow-${engine}`);
    mkdirSync(dir);
    const mark = `88${up.port}`;
    writeFileSync(join(dir, 'Containerfile'), `FROM ${baseImage}\nRUN echo begun && sleep ${mark}\n`);
    const running = async () => (await run(['pgrep', '-f', `^sleep ${mark}`])).code === 0;
    const build = spawn(boxyard, ['images', 'build', dir, '--tag', 'localhost/slow:1', '--no-cache', '--engine', engine], {env: up.env});
    let said = '';
    build.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const ended = new Promise<number | null>(resolve => build.once('exit', resolve));
    await waitFor(running, {within: 30_000, what: 'the step runs'});
    build.kill('SIGINT');
    expect(await ended, said).toBe(130);
    await waitFor(async () => !(await running()), {within: 15_000, what: 'the step has ended'});
    expect((await up.cli(['images', 'check', 'localhost/slow:1'])).code).toBe(5);
    expect((await up.api.jobs()).find(job => job.kind === 'image.build')).toMatchObject({outcome: 'cancelled', source: 'worker'});
  });

  test('that cannot be built say at which line', async () => {
    const dir = join(up.path, `broken-${engine}`);
    mkdirSync(dir);
    writeFileSync(join(dir, 'Containerfile'), `FROM ${baseImage}\nRUN exit 9\n`);
    const built = await up.cli(['images', 'build', dir, '--tag', 'localhost/broken:1', '--file', 'Containerfile', '--engine', engine]);
    expect([built.code, /The build failed: .+/.test(built.stderr)], built.stderr).toEqual([1, true]);
  });
});
