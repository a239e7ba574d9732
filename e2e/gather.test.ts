import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {boxyard} from '../faults/lab/directories.ts';
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

test('the live tail of a parent has the lines of all children as they come, each behind its number, and ends with the last', async () => {
  const go = join(up.path, 'go');
  const id = await up.detached(
    '--copies',
    '2',
    ...on('process'),
    '--',
    'sh',
    '-c',
    `echo begin; until [ -e ${go} ]; do sleep 0.1; done; echo end`,
  );
  const tail = spawn(boxyard, ['jobs', 'logs', '-f', id], {env: up.env, stdio: ['ignore', 'pipe', 'ignore']});
  let said = '';
  tail.stdout.on('data', part => (said += String(part)));
  const ended = once(tail, 'close');
  await waitFor(() => said.includes('0 | begin\n') && said.includes('1 | begin\n'), {within: 30_000, what: 'both are followed'});
  expect(said).not.toContain('end');
  writeFileSync(go, '');
  expect(await ended).toEqual([0, null]);
  expect(said.trim().split('\n').toSorted()).toEqual(['0 | begin', '0 | end', '1 | begin', '1 | end']);
});

test('a retry of what failed gathers of all, with what every copy brought, whichever run did it', async () => {
  const mended = join(up.path, 'mended');
  const work = `echo "of $BOXYARD_COPY_INDEX" > $BOXYARD_OUT_DIR/f; test $BOXYARD_COPY_INDEX -ne 1 -o -e ${mended}`;
  const role = `{name: r, engine: process, copies: 3, command: [sh, -c, ${JSON.stringify(work)}], gather: [sh, -c, 'cat shared/out/*/?/f']}`;
  writeFileSync(join(up.path, 'again.yaml'), `name: again\nfolders: [plans]\nroles:\n  - ${role}\n`);
  await up.ok('clusters', 'apply', '-f', 'again.yaml');
  const id = (await up.ok('clusters', 'run', 'again', 'r')).trim();
  expect(await up.ended(id)).toMatchObject({partial: true, exit: {code: 7}});
  writeFileSync(mended, '');
  const second = (await up.ok('jobs', 'retry', id, '--failed', '-o', 'name')).trim();
  expect(await up.ended(second)).toMatchObject({outcome: 'succeeded', children: {total: 1, succeeded: 1}});
  expect(await up.ok('jobs', 'result', second)).toBe('of 0\nof 1\nof 2\n');
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
