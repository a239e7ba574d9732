import {renderToString} from 'ink';
import {createElement} from 'react';
import {expect, test} from 'vitest';
import {Screen} from '../../src/dashboard/Dashboard.tsx';
import {understood} from '../../src/dashboard/understood.ts';
import type {Change} from '../../src/dashboard/data.ts';
import type {State} from '../../src/dashboard/state.ts';
import {cluster, devbox, full, happen, job, session, time, told, type, webhook, worker} from './state-for-tests.ts';

const image = {
  id: 'sha256:1',
  refs: ['app:1'],
  bytes: 1,
  createdAt: time,
  platform: 'linux/amd64',
  capabilities: ['git'],
  managed: true,
  worker: {id: 'w-nas', name: 'nas'},
  engine: 'podman',
};
const event = {
  specversion: '1.0',
  id: 'e-1',
  type: 'job.ended',
  source: 's',
  subject: 'jobs/j-x',
  time,
  tenant: 't',
  actor: 'a',
  seq: '1.1',
  data: {},
};
const workerThere = {
  ...worker('nas'),
  labels: {zone: 'north'},
  engines: [{name: 'podman', usable: true, features: ['exec'], enforces: [], labels: {}}],
  orphans: [{name: 'b', labels: {}, engine: 'podman', state: 'running'}],
};
const box = {...devbox('web'), worker: {id: 'w-nas', name: 'nas'}, branch: 'main', task: 'mend', capabilities: ['git'], seenAt: time};
const ended = {
  ...job('two'),
  state: 'ended',
  outcome: 'failed',
  exit: {code: 3},
  endedAt: time,
  startedAt: time,
  error: {code: 'X', message: 'no'},
  reason: {code: 'waiting', message: 'why'},
  refusals: [{worker: 'w', name: 'nas', code: 'c', why: 'full'}],
  phases: [{name: 'pull', startedAt: time, endedAt: time, detail: 'x'}],
  children: {total: 1, queued: 0, running: 0, succeeded: 0, failed: 1, cancelled: 0, lost: 0},
  image: {id: 'i', ref: 'app'},
  worker: {id: 'w-nas', name: 'nas'},
};
const role = {
  prompt: 'Go',
  matrix: {shard: ['1', '2']},
  failurePolicy: {quorum: 1},
  each: {label: 'rack'},
  triggers: {cron: [{schedule: '* * * * *'}]},
};
const hook = {...webhook('chat'), config: {maxBytes: 1}, reason: 'no', failingSince: time, nextTryAt: time, deliveredAt: time};
const lists = {
  workers: [workerThere],
  devboxes: [box],
  jobs: [session('ask', 'asks'), ended],
  images: [image],
  clusters: [cluster('team', {...role, next: time, command: ['sh', '-c', 'x'], env: {a: 'b'}})],
  webhooks: [hook],
} as const;

test.each(['workers', 'devboxes', 'images', 'clusters', 'webhooks'] as const)('%s of this version are what they are, not copies', list => {
  for (const item of lists[list]) expect(understood[list](item)[0]).toBe(item);
});

test('jobs of this version are what they are', () => {
  for (const item of lists.jobs) expect(understood.jobs(item)).toMatchObject([item]);
});

test('a word that only a newer server knows is shown, not lost', () => {
  expect(understood.devboxes({...box, state: 'frozen', more: {of: 'it'}})).toEqual([{...box, state: 'frozen', more: {of: 'it'}}]);
  const spec = {kind: 'dream', of: 'sheep'};
  expect(understood.jobs({...ended, spec})).toEqual([{...ended, spec}]);
});

test('what has no id, or is no object, is nothing', () => {
  for (const wrong of [undefined, null, 5, 'x', [], {}, {name: 'x'}, {id: 5}]) expect(understood.devboxes(wrong)).toEqual([]);
});

const wrongs = [undefined, null, 1e300, 'x', [null], {is: 5}];

/** Each of its fields, and theirs, in turn of another kind. */
function* mutants(value: unknown): Generator<unknown> {
  yield* wrongs;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value))
    for (const wrong of mutants(part)) yield Array.isArray(value) ? [wrong] : {...value, [key]: wrong};
}

const pages = ['1', '2', '3', '4', '5', '6', '7', '0', '#'];
const named = ['roles', 'webhooks'];
const pagesOf = (state: State): State[] =>
  [...pages.map(key => [key]), ...named.map(name => [':', ...name, 'enter'])].flatMap(keys => {
    const at = type(state, ...keys).state;
    const into = type(at, 'd').state;
    return [at, ...(into.places.length > at.places.length ? [into, type(into, ']').state, type(into, ']', ']').state] : [])];
  });

const listed = (Object.keys(lists) as (keyof typeof lists)[]).flatMap(list => lists[list].map((item, i) => [list, i, item] as const));

test.each(listed)('whatever stands in any field of %s (%i), every page is drawn', {timeout: 60_000}, (list, _, item) => {
  const base = full(120, 24);
  for (const [n, wrong] of [...mutants(item)].entries()) {
    const state = happen(base, told({list, items: understood[list](wrong)} as unknown as Change)).state;
    const shown = pagesOf(state);
    // Of each one page at least, and of some all.
    for (const page of n % 50 === 0 ? shown : [shown[n % shown.length]!])
      expect(() => renderToString(createElement(Screen, {state: page}), {columns: 120}), JSON.stringify(wrong)).not.toThrow();
  }
});

test('nor does any field of a fact end anything', () => {
  for (const wrong of mutants(event)) happen(full(), {type: 'told', changes: [], events: understood.events(wrong)});
});
