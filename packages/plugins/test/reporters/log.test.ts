import {appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {BoxyardEvent} from '@boxyard/core/plugin-api';
import {createLog} from '../../src/reporters/log/log.ts';

const {signal} = new AbortController();
const eventOf = (n: number): BoxyardEvent => ({
  specversion: '1.0',
  id: `e-${n}`,
  type: 'job.ended',
  source: 'boxyard',
  subject: 'jobs/j-1',
  time: '2026-01-01T00:00:00.000Z',
  tenant: 't-1',
  actor: 'worker:nas',
  seq: `1.${n}`,
  data: {text: 'x'.repeat(200)},
});
const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'bxl-'));
  return {dir, [Symbol.dispose]: () => rmSync(dir, {recursive: true, force: true})};
};
const idsIn = (dir: string, file: string) =>
  readFileSync(join(dir, file), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('{') && line.endsWith('}'))
    .map(line => (JSON.parse(line) as {id: string}).id);

test('a line for each event, in order, for nobody else to read', async () => {
  using at = folder();
  const log = createLog({maxBytes: 100_000, files: 3}, at.dir);
  for (const n of [1, 2, 3]) expect(await log.report(eventOf(n), signal)).toBe('delivered');
  expect(idsIn(at.dir, 'events.jsonl')).toEqual(['e-1', 'e-2', 'e-3']);
  expect(statSync(join(at.dir, 'events.jsonl')).mode & 0o777).toBe(0o600);
});

test('a full file is set aside, and only so many are kept', async () => {
  using at = folder();
  const log = createLog({maxBytes: 1_024, files: 3}, at.dir);
  for (let n = 1; n <= 12; n += 1) await log.report(eventOf(n), signal);
  expect(readdirSync(at.dir).sort()).toEqual(['events.1.jsonl', 'events.2.jsonl', 'events.jsonl']);
  const kept = ['events.2.jsonl', 'events.1.jsonl', 'events.jsonl'].flatMap(file => idsIn(at.dir, file));
  expect(kept).toEqual(Array.from({length: kept.length}, (_, at) => `e-${12 - kept.length + 1 + at}`));
  expect(readdirSync(at.dir).every(file => statSync(join(at.dir, file)).size <= 1_024)).toBe(true);
});

test('a line that a crash cut off spoils no other', async () => {
  using at = folder();
  await createLog({maxBytes: 100_000, files: 3}, at.dir).report(eventOf(1), signal);
  appendFileSync(join(at.dir, 'events.jsonl'), '{"id":"e-');
  await createLog({maxBytes: 100_000, files: 3}, at.dir).report(eventOf(2), signal);
  expect(idsIn(at.dir, 'events.jsonl')).toEqual(['e-1', 'e-2']);
});
