import {describe, expect, test} from 'vitest';
import {placeOf} from '../../src/dashboard/state.ts';
import {empty, full, happen, job, now, told, type, whole} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const on = (name: string, state = full()) => type(state, ':', ...name, 'enter').state;

describe('pages about one thing', () => {
  test('what a tab lists can be chosen and opened', () => {
    const children = [job('one', {children: {total: 2, queued: 0, running: 0, succeeded: 1, failed: 1, cancelled: 0, lost: 0}})];
    const family = happen(empty(), told(whole('jobs', [...children, job('a', {parent: 'j-one'}), job('b', {parent: 'j-one'})]))).state;
    const open = type(on('jobs', family), 'd', ']', ']').state;
    const inside = type(open, 'j', 'enter').state;
    expect(placeOf(inside)).toEqual({page: 'job', subject: 'j-b'});
    expect(placeOf(type(inside, 'escape').state)).toEqual({page: 'job', subject: 'j-one'});
  });

  test('a worker’s DevBoxes and jobs lead to them', () => {
    const inside = type(on('workers'), 'enter', ']', 'enter').state;
    expect(placeOf(inside)).toEqual({page: 'devbox', subject: 'd-web'});
  });
});

test('what could not be read is told until it could', () => {
  const unread = happen(
    full(),
    {type: 'unread', why: 'Redis is away.'},
    {type: 'ticked', now: now + 5_000},
    {type: 'unread', why: 'Redis is away.'},
  ).state;
  expect(unread.unread).toEqual({why: 'Redis is away.', since: now});
  expect(happen(unread, {type: 'unread', why: undefined}).state.unread).toBeUndefined();
});

test('a changed setting counts at once', () => {
  const setting = (key: string, value: string) => ({key, value, origin: '', about: ''});
  const before = happen(full(), {type: 'settings', settings: [setting('mouse', 'off'), setting('leader', 'ctrl-q')]}).state;
  const after = happen(before, {
    type: 'settings',
    settings: [setting('mouse', 'on'), setting('leader', 'ctrl-b'), setting('theme', 'dark')],
  }).state;
  expect([after.hasMouse, after.leader, after.look.theme]).toEqual([true, 'ctrl-b', 'dark']);
});

test('a job that waits says why on Home and among jobs, also where nothing but its refusals is known yet', async () => {
  const refusals = [{worker: 'w-nas', name: 'nas', code: 'full', why: 'all 2 slots are taken'}];
  const state = happen(empty(160, 40), told(whole('jobs', [job('one', {state: 'queued', refusals})]))).state;
  await using screen = openTestScreen(state);
  await screen.harness.shows(/echo one \(nas: all 2 slots/);
  screen.harness.type('3');
  await screen.harness.shows(/queued[^\n]*nas: all 2 slots/);
});
