import type {JobView} from '@boxyard/core/api';
import {expect, test} from 'vitest';
import {followedJob} from '../../src/dashboard/panes.ts';
import {placeOf, type State} from '../../src/dashboard/state.ts';
import {openTestScreen} from './screen-for-tests.ts';
import {cluster, full, happen, job, runOf, told, type, whole} from './state-for-tests.ts';

const team = cluster('team', {running: 1, queued: 2}, {});
const two = cluster('two', {}, {roles: [...cluster('two').roles, {id: 'r-two-tester', name: 'tester', running: 0, queued: 0}]});
const start = (clusters = [team, two], jobs: readonly JobView[] = []): State =>
  happen(full(), told(whole('clusters', clusters), {list: 'jobs', items: jobs})).state;
const deeds = (effects: readonly object[]) => effects.flatMap(effect => ('deed' in effect ? [effect.deed] : []));
const lastSaid = (state: State) => state.messages.at(-1)?.text;
const on = (name: string, state = start()) => type(state, ':', ...name, 'enter').state;

test('clusters show how many of their runs go on and wait, and lead to their roles, and these to their runs', async () => {
  await using screen = openTestScreen(on('clusters'));
  await screen.harness.shows(/NAME +STATUS +RUNNING +WAITING[^]*● team +enabled +1 +2[^]*✔ two +enabled +0 +0[^]*builder, tester/);
  const inside = type(screen.store.getState(), 'enter').state;
  expect(placeOf(inside)).toEqual({page: 'cluster', subject: 'c-team'});
  expect(placeOf(type(inside, 'enter').state)).toEqual({page: 'role', subject: 'r-team-builder'});
  expect(placeOf(on('roles')).page).toBe('roles');
});

test('r runs the role under the cursor, with what it is told or its own prompt', () => {
  expect(deeds(type(on('clusters'), 'r', 'enter').effects)).toEqual([{do: 'clusters.run', cluster: 'team', role: 'builder'}]);
  const told = type(on('roles'), 'down', 'down', 'r', ...'Mend it.', 'enter');
  expect(deeds(told.effects)).toEqual([{do: 'clusters.run', cluster: 'two', role: 'tester', prompt: 'Mend it.'}]);
  expect(told.state.commands.at(-1)?.line).toBe("boxyard clusters run --prompt 'Mend it.' two tester");
  expect(lastSaid(type(on('clusters'), 'down', 'r').state)).toBe('Which role? enter shows them.');
  const off = on('clusters', start([{...team, enabled: false}]));
  expect(lastSaid(type(off, 'r').state)).toBe('team is disabled.');
});

test('of a cluster all runs are cancelled, of a role its own, after a question that counts them', async () => {
  const asked = type(on('clusters'), 'c');
  await using screen = openTestScreen(asked.state);
  await screen.harness.shows('Cancel 3 runs of team?  y yes');
  expect(deeds(type(asked.state, 'y').effects)).toEqual([{do: 'clusters.stop', cluster: 'team'}]);
  expect(deeds(type(on('roles'), 'c', 'y').effects)).toEqual([{do: 'clusters.stop', cluster: 'team', role: 'builder'}]);
  expect(lastSaid(type(on('clusters'), 'down', 'c').state)).toBe('Nothing of it goes on.');
});

test('off and up disable and enable, z takes the first back; the name removes', () => {
  const off = type(on('clusters'), 'O', 'y');
  expect(deeds(off.effects)).toEqual([{do: 'clusters.disable', cluster: 'team'}]);
  expect(deeds(type(off.state, 'z').effects)).toEqual([{do: 'clusters.enable', cluster: 'team'}]);
  expect(lastSaid(type(on('clusters'), 'u').state)).toBe('team is enabled.');
  expect(deeds(type(on('clusters'), 'ctrl-x', ...'team', 'enter').effects)).toEqual([{do: 'clusters.remove', cluster: 'team'}]);
  const viewer = happen(on('clusters'), {type: 'who', who: {access: 'member'} as never}).state;
  expect(lastSaid(type(viewer, 'O').state)).toContain('member');
  expect(deeds(type(viewer, 'c', 'y').effects)).toHaveLength(1);
});

test('the log of a cluster is that of its newest run that goes on, or of the child that writes', async () => {
  const children = {total: 2, queued: 0, running: 1, succeeded: 0, failed: 1, cancelled: 0, lost: 0};
  const jobs = [
    runOf('team', 'old', {state: 'ended', outcome: 'succeeded', createdAt: '2026-01-01T00:00:09.000Z'}),
    runOf('team', 'now', {children}),
    job('one', {parent: 'j-now', state: 'ended', outcome: 'failed'}),
    job('two', {parent: 'j-now', name: '2'}),
  ];
  const log = type(on('clusters', start([team], jobs)), 'enter', ']', ']').state;
  expect(followedJob(log)).toBe('j-two');
  await using screen = openTestScreen(happen(log, {type: 'log', job: 'j-two', text: 'compiling\n'}).state);
  await screen.harness.shows(/\[log\][^]*Log of j-two[^]*compiling/);
  const ended = happen(log, told({list: 'jobs', items: [{...jobs[3]!, state: 'ended', outcome: 'succeeded', v: 2}]})).state;
  expect(followedJob(ended)).toBe('j-one');
  const none = type(on('clusters', start([team])), 'enter', ']', ']').state;
  await using empty = openTestScreen(none);
  await empty.harness.shows('No run yet');
});

test('runs of a cluster are listed with what came of their children, the newest first', async () => {
  const children = {total: 3, queued: 0, running: 0, succeeded: 2, failed: 1, cancelled: 0, lost: 0};
  const jobs = [
    runOf('team', 'old', {state: 'ended', outcome: 'succeeded', createdAt: '2025-01-01T00:00:00.000Z'}),
    runOf('team', 'new', {state: 'ended', outcome: 'failed', children}),
  ];
  const runs = type(on('clusters', start([team], jobs)), 'enter', ']').state;
  await using screen = openTestScreen(runs);
  await screen.harness.shows(/✖ builder +j-new[^]*2 of 3, 1 failed +manual[^]*✔ builder +j-old/);
  expect(placeOf(type(runs, 'enter').state)).toEqual({page: 'job', subject: 'j-new'});
});

test('on Home and among jobs a run is called by its role', async () => {
  await using screen = openTestScreen(start([team], [runOf('team', 'now', {worker: {id: 'w-nas', name: 'nas'}})]));
  await screen.harness.shows(/● team\/builder +echo now/);
});
