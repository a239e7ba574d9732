import {execFile} from 'node:child_process';
import {appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import {AnimatedPng, newFile} from '../../src/output/apng.ts';
import {decodeApng} from './decode-apng.ts';

const picture = (width: number, height: number, colour: number) => ({width, height, pixels: new Uint32Array(width * height).fill(colour)});
const [red, green, blue] = [0x0000ff, 0x00ff00, 0xff0000];

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bxa-'));
  onTestFinished(() => rmSync(dir, {recursive: true, force: true}));
  return dir;
}

const colourAt = (rgb: Buffer, width: number, x: number, y: number) => rgb.readUIntLE((y * width + x) * 3, 3);

test('what is added takes its place in the picture before, for as long as it was shown, and the whole is played without end', async () => {
  const path = join(folder(), 'a.png');
  const png = await AnimatedPng.begin((await newFile(path)).file, picture(6, 4, red), 1_000);
  await png.add(picture(2, 2, green), {x: 3, y: 1}, 1_250);
  await png.add(picture(1, 1, blue), {x: 5, y: 3}, 71_250);
  await png.end(72_000);
  const {width, plays, pictures} = decodeApng(readFileSync(path));
  expect([width, plays, pictures.map(({shownMs}) => shownMs)]).toEqual([6, 0, [250, 70_000, 750]]);
  const seen = pictures.map(({rgb}) => [colourAt(rgb, 6, 0, 0), colourAt(rgb, 6, 4, 2), colourAt(rgb, 6, 5, 3)]);
  expect(seen).toEqual([
    [red, red, red],
    [red, green, red],
    [red, green, blue],
  ]);
});

test('it is whole after every picture, so that a program that is killed leaves what it had shown', async () => {
  const dir = folder();
  const path = join(dir, 'a.png');
  const png = await AnimatedPng.begin((await newFile(path)).file, picture(40, 30, red), 0);
  for (let at = 1; at < 5; at += 1) {
    await png.add(picture(at, at, green), {x: at, y: at}, at * 100);
    copyFileSync(path, join(dir, 'killed.png'));
    const {pictures} = decodeApng(readFileSync(join(dir, 'killed.png')));
    expect(pictures.map(({shownMs}) => shownMs)).toEqual([...Array.from({length: at}, () => 100), 0]);
  }
  await png.end(500);
});

test('where the disk takes no more, what was there stays whole, and what fits can be added', async () => {
  const path = join(folder(), 'a.png');
  const source = join(import.meta.dirname, '../../src/output/apng.ts');
  const script = `
    import {AnimatedPng, newFile} from ${JSON.stringify(source)};
    const noise = (side) => ({width: side, height: side, pixels: crypto.getRandomValues(new Uint32Array(side * side))});
    const png = await AnimatedPng.begin((await newFile(${JSON.stringify(path)})).file, noise(100), 0);
    await png.add(noise(9), {x: 0, y: 0}, 100);
    await png.add(noise(100), {x: 0, y: 0}, 200).catch(error => console.log(error.code));
    await png.add(noise(9), {x: 0, y: 0}, 300);
    await png.end(400);
  `;
  // In blocks of 512 bytes: one picture of 30,000 bytes fits, two do not.
  const program = [process.execPath, '--no-warnings', '--input-type=module', '-e', script];
  const {stdout} = await promisify(execFile)('sh', ['-c', 'ulimit -f 90; exec "$@"', 'sh', ...program]);
  expect(stdout.trim()).toBe('EFBIG');
  expect(decodeApng(readFileSync(path)).pictures.map(({shownMs}) => shownMs)).toEqual([100, 200, 100]);
});

test('a file that is there already is left alone', async () => {
  const path = join(folder(), 'a.png');
  appendFileSync(path, 'mine');
  await expect(newFile(path)).rejects.toMatchObject({code: 'EEXIST'});
  expect(readFileSync(path, 'utf8')).toBe('mine');
});
