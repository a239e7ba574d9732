import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {Up, engines, killPart, on, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const here = await engines();
const script = 'echo "line $BOXYARD_COPY_INDEX"; boxyard-report result "$BOXYARD_COPY_INDEX"; test $BOXYARD_COPY_INDEX -ne 1';
const parentOf = async (name: string) =>
  (await up.json<{items: JobView[]}>('jobs', 'list')).items.find(job => job.name === name && job.children !== undefined)!;
const result = async (id: string) => JSON.parse(await up.ok('jobs', 'result', id, '-o', 'json')) as {result?: unknown};

describe.each(here)('gather on %s', engine => {
  test('a command makes one result of what the children wrote and reported', async () => {
    const gather = `grep -o '"result":[0-9]*' | tr -d '\\n'; echo`;
    const name = `sum-${engine}`;
    const args = ['--copies', '3', '--name', name, '--gather', gather, '--failure-policy', 'best-effort', ...on(engine)];
    const ran = await up.cli(['run', ...args, '--', 'sh', '-c', script]);
    expect(ran.code, ran.stderr).toBe(7);
    const parent = await parentOf(name);
    expect(ran.stderr).toContain(`boxyard jobs result ${parent.id}`);
    expect(parent).toMatchObject({outcome: 'succeeded', partial: true, children: {total: 3, succeeded: 2, failed: 1}});
    expect(await up.ok('jobs', 'result', parent.id)).toBe('"result":0"result":1"result":2\n');
  });
});

test('a role gathers too, and one that cannot be gathered has failed', async () => {
  const text = `name: gathers
roles:
  - {name: all, engine: process, command: [sh, -c, ${JSON.stringify(script.replace(/; test .*/, ''))}], copies: 3, gather: concat}
  - {name: bad, engine: process, command: ['true'], copies: 2, gather: [sh, -c, 'exit 3']}
`;
  writeFileSync(join(up.path, 'gathers.yaml'), text);
  await up.ok('clusters', 'apply', '-f', 'gathers.yaml');
  const good = await up.cli(['clusters', 'run', 'gathers', 'all', '--wait']);
  expect(good.code, good.stderr).toBe(0);
  expect(await up.ok('jobs', 'result', (await parentOf('all')).id)).toBe('line 0\nline 1\nline 2\n');
  const bad = await up.cli(['clusters', 'run', 'gathers', 'bad', '--wait']);
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain('could not be gathered. It ended with 3.');
});

test('what is gathered is the same when server, agent or everything dies in the middle of it', async () => {
  const args = ['--copies', '4', '--gather', 'sleep 3; grep -c stdout', ...on('process')];
  const run = async (kill: () => Promise<void>) => {
    const id = await up.detached(...args, '--', 'sh', '-c', 'sleep 1; echo a');
    await waitFor(async () => (await up.json<JobView>('jobs', 'show', id)).gatherJob, {within: 30_000, what: 'it gathers'});
    await kill();
    expect(await up.ended(id, 90_000)).toMatchObject({outcome: 'succeeded', children: {total: 4, succeeded: 4}});
    expect(await result(id)).toBe(1);
  };
  await run(() => killPart(up, /server\.js/));
  await run(() => killPart(up, /agent\.js/));
  await run(async () => {
    await up.killGroup();
    await up.start();
  });
});
