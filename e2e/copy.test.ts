import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import type {Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {pack, type Header} from 'tar-stream';
import {buffer} from 'node:stream/consumers';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {baseImage, engines, run, Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const ok = (...args: readonly string[]) => up.ok(...args);
const create = (engine: string, name: string) =>
  ok('devboxes', 'create', name, '--engine', engine, ...(engine === 'process' ? [] : ['--image', baseImage, '--memory', '64m']));
const here = (...parts: readonly string[]) => join(up.path, ...parts);

/** Everything below a folder: what it is, its mode, its content or where it leads. */
function listing(dir: string, at = ''): Record<string, string> {
  return Object.assign(
    {},
    ...readdirSync(join(dir, at)).map(name => {
      const path = at === '' ? name : `${at}/${name}`;
      const about = lstatSync(join(dir, path));
      const mode = (about.mode & 0o777).toString(8);
      if (about.isSymbolicLink()) return {[path]: `-> ${readlinkSync(join(dir, path))}`};
      if (about.isDirectory()) return {[path]: `d ${mode}`, ...listing(dir, path)};
      return {[path]: `f ${mode} ${readFileSync(join(dir, path)).toString('base64')}`};
    }),
  ) as Record<string, string>;
}

function makeTree(name: string): string {
  const dir = here(name);
  mkdirSync(join(dir, 'with spaces', 'empty'), {recursive: true});
  writeFileSync(join(dir, 'with spaces', 'ümläut ☃.txt'), 'snow\n');
  writeFileSync(join(dir, 'l'.repeat(180)), 'long\n');
  writeFileSync(join(dir, 'bytes'), Buffer.from(Array.from({length: 70_000}, (_, i) => i % 256)));
  writeFileSync(join(dir, 'run.sh'), '#!/bin/sh\n');
  writeFileSync(join(dir, 'none'), '');
  chmodSync(join(dir, 'run.sh'), 0o750);
  linkSync(join(dir, 'run.sh'), join(dir, 'same.sh'));
  symlinkSync('with spaces', join(dir, 'link'));
  return dir;
}

const archive = (entries: readonly (Partial<Header> & {name: string; content?: string})[]) => {
  const tar = pack();
  for (const {content, ...header} of entries) tar.entry(header, content ?? '');
  tar.finalize();
  return buffer(tar as unknown as AsyncIterable<Uint8Array> & NodeJS.ReadableStream);
};

interface Copying {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  said(): string;
}

/** `boxyard cp …`, on its way. */
function copy(...args: readonly string[]): Copying {
  const child = spawn(boxyard, ['cp', ...args], {env: up.env, cwd: up.path});
  let said = '';
  child.stderr.on('data', part => (said += String(part)));
  return {child, said: () => said, ended: new Promise(resolve => child.once('close', resolve))};
}

/** An archive of one file without an end, until nobody takes it any more. */
async function feed(to: Writable): Promise<void> {
  const tar = pack();
  const entry = tar.entry({name: 'endless', size: 2 ** 32});
  entry.on('error', () => undefined);
  const ended = pipeline(tar, to).catch(() => entry.destroy());
  const block = Buffer.alloc(64 * 1024, 'x');
  while (!entry.destroyed && !to.destroyed) if (!entry.write(block)) await Promise.race([once(entry, 'drain').catch(() => 0), ended]);
  await ended;
}

const hostile = [
  ['a path that climbs out', [{name: '../evil', content: 'x'}]],
  ['a path from the root', [{name: '/workspace/evil', content: 'x'}]],
  ['a link that points out', [{name: 'l', type: 'symlink', linkname: '../../etc'}]],
  ['a link to an absolute path', [{name: 'l', type: 'symlink', linkname: '/etc'}]],
  ['a hard link to what it has not brought', [{name: 'h', type: 'link', linkname: 'other'}]],
  ['a device', [{name: 'd', type: 'character-device'}]],
  ['what runs as its owner', [{name: 's', mode: 0o4755, content: 'x'}]],
  [
    'a write through a link',
    [
      {name: 'sub', type: 'symlink', linkname: 'other'},
      {name: 'sub/evil', content: 'x'},
    ],
  ],
] as const;

describe.each(await engines())('files of a DevBox on %s', engine => {
  test('go in and come back as they were: bytes, names, modes, links, empty folders', async () => {
    const name = `tree-${engine}`;
    await create(engine, name);
    const dir = makeTree(name);
    expect((await up.cli(['cp', dir, `${name}:/workspace`])).stderr).toMatch(/^Copied 10 entries, /);
    await ok('cp', `${name}:${name}`, here(`${name}-back`));
    expect(listing(here(`${name}-back`))).toEqual(listing(dir));
    await ok('cp', `${dir}/.`, `${name}:other`);
    await ok('cp', `${name}:/workspace/other/.`, here(`${name}-contents`));
    expect(listing(here(`${name}-contents`))).toEqual(listing(dir));
    await ok('cp', join(dir, 'bytes'), `${name}:/workspace/deep/down/renamed`);
    await ok('cp', `${name}:deep/down/renamed`, here(`${name}-contents`));
    expect(readFileSync(here(`${name}-contents`, 'renamed'))).toEqual(readFileSync(join(dir, 'bytes')));
    await ok('devboxes', 'remove', name, '--now');
  });

  test('come and go as a tar', async () => {
    const name = `tar-${engine}`;
    await create(engine, name);
    const input = await archive([{name: 'a/b.txt', content: 'from a tar\n'}]);
    expect((await up.cli(['cp', '-', `${name}:in`], {input: input as never})).stderr).toMatch(/^Unpacked /);
    expect(await ok('exec', name, '--', 'cat', 'in/a/b.txt')).toBe('from a tar\n');
    const out = await up.cli(['cp', `${name}:in/a`, '-']);
    expect([out.code, out.stdout.includes('from a tar\n')]).toEqual([0, true]);
    await ok('devboxes', 'remove', name, '--now');
  });

  test('are refused where an archive would reach further than its folder', async () => {
    const name = `hostile-${engine}`;
    await create(engine, name);
    for (const [what, entries] of hostile) {
      const ran = await up.cli(['cp', '-', `${name}:in`], {input: (await archive(entries)) as never});
      expect([what, ran.code, /refused/.test(ran.stderr)], ran.stderr).toEqual([what, 2, true]);
    }
    expect(await ok('exec', name, '--', 'sh', '-c', 'ls; ls in | grep -c evil || true')).not.toMatch(/evil|[1-9]/);
    await ok('exec', name, '--', 'sh', '-c', 'mkdir bad && ln -s /etc bad/l');
    const out = await up.cli(['cp', `${name}:bad`, here(`${name}-bad`)]);
    expect([out.code, /link to \/etc/.test(out.stderr)]).toEqual([2, true]);
    expect(existsSync(here(`${name}-bad`, 'l'))).toBe(false);
    await ok('devboxes', 'remove', name, '--now');
  });

  test('that are not there, or not to be had, are named', async () => {
    const name = `miss-${engine}`;
    await create(engine, name);
    const asked = async (...args: readonly string[]) => {
      const {code, stderr} = await up.cli(['cp', ...args]);
      return `${code} ${stderr.split('\n')[0]}`;
    };
    expect(await asked(`${name}:nope`, '.')).toBe('5 No file /workspace/nope.');
    expect(await asked('./nope', `${name}:`)).toBe('5 No file ./nope.');
    expect(await asked('a', 'b')).toBe('2 path: one side is in a DevBox, the other is not.');
    expect(await asked(up.path, 'no-such-box:')).toBe('5 No DevBox no-such-box.');
    await ok('exec', name, '--', 'sh', '-c', 'echo > file');
    mkdirSync(here(`${name}-dir`));
    expect(await asked(here(`${name}-dir`), `${name}:file`)).toBe(`6 ${name}:/workspace/file is a file, and what is copied a directory.`);
    await ok('devboxes', 'remove', name, '--now');
  });

  test.skipIf(engine === 'process')('are to be had from a stopped box too', async () => {
    const name = `stopped-${engine}`;
    await create(engine, name);
    await ok('exec', name, '--', 'sh', '-c', 'mkdir kept; echo kept > kept/file');
    await ok('devboxes', 'stop', name);
    await ok('cp', `${name}:kept`, here(`${name}-kept`));
    expect(readFileSync(here(`${name}-kept`, 'file'), 'utf8')).toBe('kept\n');
    await ok('devboxes', 'remove', name, '--now');
  });

  test('say why they broke off where their box is removed in the middle, either way', async () => {
    const name = `removed-${engine}`;
    await create(engine, name);
    await ok('exec', name, '--', 'sh', '-c', 'dd if=/dev/zero of=big bs=1M count=600 2>/dev/null');
    const endless = copy('-', `${name}:in`);
    endless.child.stdin.on('error', () => undefined);
    const feeding = feed(endless.child.stdin);
    const out = copy(`${name}:big`, here(`${name}-big`));
    const hasPart = () => readdirSync(up.path).some(each => each.startsWith('.boxyard-'));
    await waitFor(hasPart, {within: 20_000, what: 'it is on its way'});
    await waitFor(async () => (await up.cli(['exec', name, '--', 'ls', 'in'])).stdout.includes('endless'), {
      within: 20_000,
      what: 'the other is on its way',
    });
    if (engine === 'process') await ok('devboxes', 'remove', name, '--now');
    else await run([engine, 'rm', '-f', (await up.json<{box: string}>('devboxes', 'show', name)).box]);
    for (const one of [endless, out]) {
      expect(await one.ended, one.said()).toBe(1);
      expect(one.said()).toContain('it was killed, as it is with its box');
    }
    await feeding;
    expect([existsSync(here(`${name}-big`)), hasPart()]).toEqual([false, false]);
    await up.cli(['devboxes', 'remove', name, '--now']);
  });

  test('stop with Ctrl-C, say what is there, and leave nothing running in the box', async () => {
    const name = `left-${engine}`;
    await create(engine, name);
    const endless = copy('-', `${name}:in`);
    endless.child.stdin.on('error', () => undefined);
    const feeding = feed(endless.child.stdin);
    const tars = async () => (await up.cli(['exec', name, '--', 'ps'])).stdout.split('\n').filter(line => line.includes('tar -xof')).length;
    await waitFor(async () => (await up.cli(['exec', name, '--', 'ls', 'in'])).stdout.includes('endless'), {
      within: 20_000,
      what: 'it is on its way',
    });
    endless.child.kill('SIGINT');
    expect(await endless.ended, endless.said()).toBe(130);
    expect(endless.said()).toMatch(/may lie in left-\w+:\/workspace\/in, the last file of it cut off/);
    await feeding;
    if (engine !== 'process') await waitFor(async () => (await tars()) === 0, {within: 10_000, what: 'no tar is left'});
    await ok('devboxes', 'remove', name, '--now');
  });

  test('that its user may not read or write are refused in the words of the box', async () => {
    const name = `denied-${engine}`;
    await create(engine, name);
    const asked = async (...args: readonly string[]) => {
      const {code, stderr} = await up.cli(['cp', ...args]);
      return `${code} ${stderr}`;
    };
    writeFileSync(here('to-send'), 'x');
    // root in a container may do all but this.
    const closed = engine === 'process' ? 'closed' : '/proc/sys';
    if (engine === 'process') {
      await ok('exec', name, '--', 'sh', '-c', 'mkdir closed; chmod 555 closed; echo s > secret; chmod 0 secret');
      expect(await asked(`${name}:secret`, here('never'))).toMatch(/^1 .*secret: Cannot open: Permission denied/);
      expect(existsSync(here('never'))).toBe(false);
    }
    expect(await asked(here('to-send'), `${name}:${closed}/`)).toMatch(
      /^1 .*tar: .*(Permission denied|Read-only file system|can't open|No such)/s,
    );
    await ok('devboxes', 'remove', name, '--now');
  });

  test('leave no half of a file where the server dies in the middle, and say so', async () => {
    await using own = await Up.open();
    const name = `broken-${engine}`;
    const box = engine === 'process' ? [] : ['--image', baseImage, '--memory', '64m'];
    expect((await own.cli(['devboxes', 'create', name, '--engine', engine, ...box])).code).toBe(0);
    const fill = 'mkdir big; echo 1 > big/a; dd if=/dev/zero of=big/b bs=1M count=300 2>/dev/null';
    expect((await own.cli(['exec', name, '--', 'sh', '-c', fill])).code).toBe(0);
    const to = join(own.path, name);
    const copy = spawn(boxyard, ['cp', `${name}:big`, to], {env: own.env, stdio: ['ignore', 'ignore', 'pipe']});
    let said = '';
    copy.stderr.on('data', part => (said += String(part)));
    const ended = new Promise<number | null>(resolve => copy.once('close', resolve));
    const hasPart = () => existsSync(to) && readdirSync(to).some(each => each.startsWith('.boxyard-'));
    await waitFor(hasPart, {within: 20_000, what: 'the big file is on its way'});
    for (const {pid} of own.processes(/server\.js|server-main/)) process.kill(pid, 'SIGKILL');
    expect(await ended, said).toBe(1);
    expect(said).toMatch(
      /broke off: the server or the worker went away\.\n.*(Nothing was written|were written whole; no other is there)\./,
    );
    expect(readdirSync(to).filter(each => each !== 'a')).toEqual([]);
  });
});
