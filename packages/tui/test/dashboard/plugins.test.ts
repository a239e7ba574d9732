import {expect, test} from 'vitest';
import {placeOf} from '../../src/dashboard/state.ts';
import {understood} from '../../src/dashboard/understood.ts';
import {openTestScreen} from './screen-for-tests.ts';
import {full, happen, told, type, whole} from './state-for-tests.ts';

const podman = {
  name: 'podman',
  kind: 'engine',
  where: 'nas',
  state: 'unusable',
  why: 'not installed',
  isPinned: false,
  features: [],
  enforces: [],
};
const chat = {
  ...podman,
  name: 'chat',
  kind: 'reporter',
  where: 'server',
  state: 'usable',
  why: undefined,
  module: './chat.js',
  isPinned: true,
};
const read = [podman, {...podman, where: 'laptop'}, chat].flatMap(each => understood.plugins(each));
const state = type(happen(full(), told(whole('plugins', read))).state, ':', ...'plugins', 'enter').state;

test('plugins show where they run, and why one is not usable; each has a page', async () => {
  await using screen = openTestScreen(state);
  await screen.harness.shows(/Plugins 3[^]*✔ chat +reporter +server +usable[^]*○ podman +engine +nas +unusable[^]*not installed/);
  screen.harness.type('\r');
  await screen.harness.shows(/\[facts\][^]*Module: +\.\/chat\.js[^]*Pinned: +yes/);
});

test('who may not see plugins is told so', async () => {
  const member = happen(state, {type: 'who', who: {access: 'member'} as never}, told(whole('plugins', []))).state;
  expect(placeOf(member).page).toBe('plugins');
  await using screen = openTestScreen(member);
  await screen.harness.shows('it takes an admin’s');
});
