import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {Up, engines, on, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const here = await engines();
const show = (id: string) => up.json<JobView & {progress?: {done: number}; result?: unknown}>('jobs', 'show', id);

describe.each(here)('reports on %s', engine => {
  test('a job without a network tells how far it is, lines and what came of it; the secret is in nothing that is shown', async () => {
    const offline = engine === 'process' ? [] : ['--network', 'none'];
    const script = [
      'boxyard-report log "a line of its own"',
      'boxyard-report result 1',
      'boxyard-report progress 1 4 "half way"',
      'echo out; echo "$BOXYARD_REPORT_SECRET"',
      'while [ ! -e /tmp/never ]; do sleep 0.2; [ $((n=n+1)) -gt 15 ] && break; done',
      'echo "{\\"built\\": [\\"a\\", 2]," "\\"key\\": \\"$BOXYARD_REPORT_SECRET\\"}" | boxyard-report result',
    ].join('\n');
    const id = await up.detached('--report', ...offline, ...on(engine), '--', 'sh', '-c', script);
    await waitFor(async () => (await show(id)).progress?.done === 1, {within: 20_000, what: 'its progress is shown'});
    expect(await up.ok('jobs', 'list', '-o', 'wide')).toContain('1 of 4, 25 %: half way');
    const end = await up.ended(id);
    expect(end).toMatchObject({outcome: 'succeeded', result: {built: ['a', 2], key: '*'.repeat(64)}});
    expect(end.progress).toMatchObject({done: 1, total: 4});
    expect(await up.ok('jobs', 'list', '-o', 'wide')).toContain('1 of 4, 25 %: half way');
    expect(JSON.parse(await up.ok('jobs', 'result', id, '-o', 'json'))).toMatchObject({built: ['a', 2]});
    expect((await up.cli(['jobs', 'logs', id, '--stream', 'log'])).stderr).toContain('a line of its own\n');
    expect(await up.ok('jobs', 'logs', id)).toBe(`out\n${'*'.repeat(64)}\n`);
    const everything = (await up.cli(['jobs', 'logs', id, '--stream', 'stderr'])).stderr + JSON.stringify(end);
    expect(everything).not.toMatch(/(?<!sha256:)[0-9a-f]{64}/);
  });

  test('a child is told apart from the others, and its script is there without being asked for', async () => {
    const script = 'boxyard-report result "{\\"index\\": $BOXYARD_COPY_INDEX}"';
    const ran = await up.cli(['run', '--copies', '3', '--name', `kids-${engine}`, ...on(engine), '--', 'sh', '-c', script]);
    expect(ran.code, ran.stderr).toBe(0);
    const {items} = await up.json<{items: JobView[]}>('jobs', 'list');
    const parent = items.find(job => job.name === `kids-${engine}` && job.children !== undefined)!;
    const children = items.filter(job => job.parent === parent.id);
    const results = await Promise.all(children.map(async child => (await show(child.id)).result));
    expect(results.map(result => (result as {index: number}).index).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
  });
});

test.runIf(here.includes('docker'))('where the root is read-only the script is a variable', async () => {
  const script = 'sh -c "$BOXYARD_REPORT" boxyard-report result 7';
  const id = await up.detached('--report', '--profile', 'offline', ...on('docker'), '--', 'sh', '-c', script);
  expect(await up.ended(id)).toMatchObject({outcome: 'succeeded', result: 7});
});

test('over HTTP a job reports for itself alone, while it runs', async () => {
  const file = join(up.path, 'secret');
  const script = `printf %s "$BOXYARD_REPORT_SECRET" > ${file}; echo "$BOXYARD_REPORT_URL"; sleep 60`;
  const id = await up.detached('--report', ...on('process'), '--', 'sh', '-c', script);
  await waitFor(async () => (await up.ok('jobs', 'logs', id)) !== '', {within: 20_000, what: 'it runs'});
  const url = (await up.ok('jobs', 'logs', id)).trim();
  expect(url).toBe(`http://127.0.0.1:${up.port}/api/cluster/${id}/webhook`);
  const ask = (headers: Record<string, string>, body: unknown) =>
    fetch(url, {method: 'POST', headers: {'content-type': 'application/json', ...headers}, body: JSON.stringify(body)});
  expect((await ask({}, {progress: {done: 1}})).status).toBe(401);
  expect((await ask({authorization: `Bearer ${'a'.repeat(64)}`}, {progress: {done: 1}})).status).toBe(403);
  expect((await ask({'x-api-key': up.api.token ?? ''}, {progress: {done: 1}})).status).toBe(403);
  expect((await ask({}, {})).status).toBe(400);
  const own = {authorization: `Bearer ${readFileSync(file, 'utf8')}`};
  expect((await ask(own, {progress: {done: 1}, log: 'over http', result: {a: 1}})).status).toBe(200);
  expect((await ask(own, {result: 'x'.repeat(70_000)})).status).toBe(413);
  expect(await show(id)).toMatchObject({progress: {done: 1}, result: {a: 1}});
  const another = await up.detached('--report', ...on('process'), '--', 'sleep', '60');
  expect(
    (await fetch(url.replace(id, another), {method: 'POST', headers: {...own, 'content-type': 'application/json'}, body: '{"log": "a"}'}))
      .status,
  ).toBe(403);
  for (const job of [id, another]) await up.ok('jobs', 'cancel', job);
  await up.ended(id);
  expect((await up.cli(['jobs', 'logs', id, '--stream', 'log'])).stderr).toContain('over http\n');
  expect((await ask(own, {result: 1})).status).toBe(409);
});
