import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {verifyPlugin, type Report} from '@boxyard/core/conformance';
import {seeded, seededPlugin} from './seeded-engines.ts';

const ALL_MS = 300_000;

async function tried(plugin: ReturnType<typeof seededPlugin>): Promise<Report> {
  const stateDir = mkdtempSync(join(tmpdir(), 'bxs-'));
  try {
    const {signal} = new AbortController();
    return await verifyPlugin({plugin, module: plugin.name, config: {}, hungConfig: {socket: '$HUNG'}, stateDir, signal, caseMs: 60_000});
  } finally {
    rmSync(stateDir, {recursive: true, force: true});
  }
}

const failures = ({cases}: Report) => cases.filter(({outcome}) => outcome === 'failed');
const failedOf = (report: Report) => failures(report).map(({name}) => name);
const hung = 'a backend that takes connections and never answers hangs no call: each ends soon after its signal aborts';

test('the engine without a bug fails nothing', {timeout: ALL_MS}, async () => {
  const report = await tried(seededPlugin('bugless', engine => engine));
  expect([failures(report), report.verdict]).toEqual([[], 'holds']);
  expect(report.cases.find(({name}) => name === hung)?.outcome).toBe('passed');
});

test(
  'calls that wait for a backend whatever their signal says are found by the case for it, and by no other',
  {timeout: ALL_MS},
  async () => {
    expect(failedOf(await tried(seededPlugin('deaf', engine => engine, true)))).toEqual([hung]);
  },
);

test.each(seeded)('where $bug, one case fails, the one meant for it', {timeout: ALL_MS}, async ({found, put}) => {
  const report = await tried(seededPlugin('seeded', put));
  expect(failedOf(report), JSON.stringify(failures(report))).toEqual([found]);
});
