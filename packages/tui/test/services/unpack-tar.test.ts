import {existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {buffer} from 'node:stream/consumers';
import {pack, type Header} from 'tar-stream';
import {beforeEach, expect, onTestFinished, test} from 'vitest';
import {unpackTar} from '../../src/services/unpack-tar.ts';

type Item = Partial<Header> & {readonly name: string; readonly content?: string};

let outer: string;
let root: string;
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), 'unpack-'));
  root = join(outer, 'root');
  mkdirSync(root);
  onTestFinished(() => rmSync(outer, {recursive: true, force: true}));
});

const tarOf = (items: readonly Item[]): Promise<Buffer> => {
  const tar = pack();
  for (const {content, ...header} of items) tar.entry(header, content ?? '');
  tar.finalize();
  return buffer(tar as unknown as AsyncIterable<Uint8Array> & NodeJS.ReadableStream);
};
async function* parts(bytes: Buffer, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const unpack = async (items: readonly Item[], top = '') => unpackTar(parts(await tarOf(items)), async () => ({root, top}));

const hostile: readonly (readonly [what: string, items: readonly Item[]])[] = [
  ['a path that goes up', [{name: '../evil', content: 'x'}]],
  ['a path that goes up from below', [{name: 'a/../../evil', content: 'x'}]],
  ['an absolute path', [{name: '/tmp/evil', content: 'x'}]],
  ['a name that is too long', [{name: `${'n/'.repeat(2_100)}evil`, content: 'x'}]],
  ['a link to an absolute path', [{name: 'l', type: 'symlink', linkname: '/etc'}]],
  ['a link that goes up', [{name: 'l', type: 'symlink', linkname: '..'}]],
  ['a link that goes up behind a folder', [{name: 'l', type: 'symlink', linkname: 'a/../../..'}]],
  ['a link to nothing', [{name: 'l', type: 'symlink', linkname: ''}]],
  [
    'a file through a link',
    [
      {name: 'l', type: 'symlink', linkname: '.'},
      {name: 'l/evil', content: 'x'},
    ],
  ],
  [
    'a folder in place of a link',
    [
      {name: 'l', type: 'symlink', linkname: '.'},
      {name: 'l', type: 'directory'},
    ],
  ],
  ['a hard link to a path outside', [{name: 'h', type: 'link', linkname: '../secret'}]],
  ['a hard link to what it has not brought', [{name: 'h', type: 'link', linkname: 'mine'}]],
  [
    'a hard link through a link',
    [
      {name: 'l', type: 'symlink', linkname: '.'},
      {name: 'h', type: 'link', linkname: 'l/mine'},
    ],
  ],
  ['a character device', [{name: 'd', type: 'character-device'}]],
  ['a block device', [{name: 'd', type: 'block-device'}]],
  ['a pipe', [{name: 'p', type: 'fifo'}]],
];

test.each(hostile)('%s is refused, and nothing outside or before is touched', async (_what, items) => {
  writeFileSync(join(outer, 'secret'), 'kept');
  writeFileSync(join(root, 'mine'), 'kept');
  await expect(unpack([{name: 'good', content: 'x'}, ...items])).rejects.toMatchObject({code: 'ARCHIVE_REFUSED'});
  expect(readdirSync(outer).toSorted()).toEqual(['root', 'secret']);
  expect(readFileSync(join(root, 'mine'), 'utf8')).toBe('kept');
  // What came before it was whole and stays; no half of anything.
  expect(readdirSync(root).filter(name => !['good', 'l', 'mine'].includes(name))).toEqual([]);
});

test('a link that lies there already leads no file away', async () => {
  symlinkSync(outer, join(root, 'there'));
  await expect(unpack([{name: 'there/evil', content: 'x'}])).rejects.toMatchObject({code: 'ARCHIVE_REFUSED'});
  expect(existsSync(join(outer, 'evil'))).toBe(false);
  // A file takes the place of a link, and is not written through it.
  await unpack([{name: 'there', content: 'own'}]);
  expect([readFileSync(join(root, 'there'), 'utf8'), existsSync(join(outer, 'own'))]).toEqual(['own', false]);
});

test('a file under another top than the one that was asked for is refused', async () => {
  expect(
    await unpack(
      [
        {name: 'dist', type: 'directory'},
        {name: 'dist/a', content: 'x'},
      ],
      'dist',
    ),
  ).toEqual(['a']);
  await expect(unpack([{name: 'other/a', content: 'x'}], 'dist')).rejects.toMatchObject({code: 'ARCHIVE_REFUSED'});
  await expect(unpack([{name: 'dist/../../a', content: 'x'}], 'dist')).rejects.toMatchObject({code: 'ARCHIVE_REFUSED'});
});

test('nothing runs as its owner that did not before, and folders that may not be written are filled first', async () => {
  await unpack([
    {name: 'dir', type: 'directory', mode: 0o555},
    {name: 'dir/run', content: 'x', mode: 0o6755},
  ]);
  expect([statSync(join(root, 'dir/run')).mode & 0o7777, statSync(join(root, 'dir')).mode & 0o777]).toEqual([0o755, 0o555]);
});

test('an archive that breaks off leaves whole files and no part of one', async () => {
  const whole = await tarOf([
    {name: 'first', content: 'x'},
    {name: 'second', content: 'y'.repeat(100_000)},
  ]);
  const written: string[] = [];
  const cut = unpackTar(
    parts(whole.subarray(0, 50_000)),
    async () => ({root, top: ''}),
    path => written.push(path),
  );
  await expect(cut).rejects.toThrow();
  expect([readdirSync(root), written]).toEqual([['first'], [join(root, 'first')]]);
  await expect(unpackTar(parts(Buffer.alloc(4_096, 'no archive')), async () => ({root, top: ''}))).rejects.toThrow();
});
