import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openBlobs} from '../../src/blobs/blobs.ts';
import {newId} from '../../src/config/index.ts';
import {codeOf} from '../door-for-tests.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bxf-'));
});
afterAll(() => rmSync(dir, {recursive: true, force: true}));

async function* parts(...lengths: number[]): AsyncGenerator<Uint8Array> {
  for (const length of lengths) yield Buffer.alloc(length);
}

const below = (path: string) => readdirSync(path, {recursive: true, withFileTypes: true}).filter(each => each.isFile());

test('the archive of a job has a limit, and what came over it is gone', async () => {
  const blobs = openBlobs({dir: join(dir, 'out'), limits: {out: 100}});
  const [tenant, job] = [newId('t'), newId('j')];
  const out = await blobs.files.openOut(tenant, job, 1, 0);
  await out.append(0, Buffer.alloc(100));
  expect(await codeOf(out.append(100, Buffer.alloc(1)))).toBe('BODY_TOO_LARGE');
  expect(below(join(dir, 'out'))).toEqual([]);
  const again = await blobs.files.openOut(tenant, job, 1, 0);
  expect(await codeOf(again.append(10, Buffer.alloc(1)))).toBe('INVALID_INPUT');
  const last = await blobs.files.openOut(tenant, job, 1, 0);
  await last.append(0, Buffer.from('abc'));
  await last.append(1, Buffer.from('bcd'));
  await last.finish();
  expect(await blobs.files.out(tenant, job, 1)).toMatchObject({bytes: 4});
  await blobs.close();
});

test('uploads have a limit each, and together while no job took them', async () => {
  const blobs = openBlobs({dir: join(dir, 'uploads'), limits: {upload: 1_000, uploads: 2_500}});
  const tenant = newId('t');
  expect(await codeOf(blobs.files.upload(tenant, parts(600, 600)))).toBe('BODY_TOO_LARGE');
  expect(below(join(dir, 'uploads'))).toEqual([]);
  await blobs.files.upload(tenant, parts(900));
  await blobs.files.upload(tenant, parts(900));
  expect(await codeOf(blobs.files.upload(tenant, parts(900)))).toBe('LIMIT_REACHED');
  await blobs.files.upload(newId('t'), parts(900));
  expect(below(join(dir, 'uploads')).length).toBe(3);
  await blobs.close();
});

test('stdin that never ends is refused at its limit', async () => {
  const blobs = openBlobs({dir: join(dir, 'stdin'), limits: {stdin: 10}});
  const [tenant, job] = [newId('t'), newId('j')];
  expect(await blobs.files.writeStdin(tenant, job, 0, Buffer.alloc(10))).toBe(10);
  expect(await codeOf(blobs.files.writeStdin(tenant, job, 10, Buffer.alloc(1)))).toBe('BODY_TOO_LARGE');
  await blobs.close();
});
