import {execFile} from 'node:child_process';
import {lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import {writeWhole} from '../../src/services/write-whole.ts';

const exec = promisify(execFile);
const bytes = Buffer.from('a picture');

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-whole-'));
  onTestFinished(() => rmSync(dir, {recursive: true, force: true}));
  return dir;
}

test('a file is made, or replaced, and nothing is left beside it', async () => {
  const dir = folder();
  await writeWhole(join(dir, 'x.png'), Buffer.from('before, and longer'));
  await writeWhole(join(dir, 'x.png'), bytes);
  expect(readFileSync(join(dir, 'x.png'))).toEqual(bytes);
  expect(readdirSync(dir)).toEqual(['x.png']);
});

test('a link stays one, and the file it points at is written', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'x.png'), 'before');
  symlinkSync('x.png', join(dir, 'link'));
  await writeWhole(join(dir, 'link'), bytes);
  expect(readlinkSync(join(dir, 'link'))).toBe('x.png');
  expect(readFileSync(join(dir, 'x.png'))).toEqual(bytes);
});

test('a named pipe, as any device, is written into and stays what it is', async () => {
  const pipe = join(folder(), 'pipe');
  await exec('mkfifo', [pipe]);
  const read = exec('cat', [pipe], {timeout: 10_000});
  await writeWhole(pipe, bytes);
  expect((await read).stdout).toBe('a picture');
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});

test('a folder is refused, and nothing is left in it or beside it', async () => {
  const dir = folder();
  const inner = mkdtempSync(join(dir, 'inner-'));
  await expect(writeWhole(inner, bytes)).rejects.toMatchObject({code: 'EISDIR'});
  expect(readdirSync(dir)).toHaveLength(1);
  expect(readdirSync(inner)).toEqual([]);
});
