import {expect, test} from 'vitest';
import type {Event} from '../../src/dashboard/state.ts';
import {openTestScreen} from './screen-for-tests.ts';
import {full, happen} from './state-for-tests.ts';

const setting = (value: string, origin: string): Event => ({type: 'settings', settings: [{key: 'theme', value, origin, about: ''}]});
const background = (is: 'light' | 'dark'): Event => ({type: 'background', is});
const themeAfter = (...events: readonly Event[]) => happen(full(), ...events).state.look.theme;

test('on a light terminal the colours are those for a light one, unless a person chose others', () => {
  expect(themeAfter(setting('terminal', 'default'), background('light'))).toBe('light');
  expect(themeAfter(background('light'), setting('terminal', 'default'))).toBe('light');
  expect(themeAfter(setting('terminal', 'default'), background('dark'))).toBe('terminal');
  expect(themeAfter(background('light'), setting('mono', '/home/anna/config.yaml'))).toBe('mono');
  expect(themeAfter(setting('terminal', 'environment BOXYARD_THEME'), background('light'))).toBe('terminal');
});

test.each([
  ['#ffffff/ffff', 'rgb:ffff/ffff/ffff', {}, 'light'],
  ['black', 'rgb:0000/0000/0000', {}, 'dark'],
  ['white, of sixteen colours', 'rgb:ffff/ffff/ffff', {TERM: 'xterm', COLORTERM: ''}, undefined],
] as const)('a terminal that says it is %s', async (_, answer, env, is) => {
  await using screen = openTestScreen(full(), {env});
  screen.harness.type(`\u001b]11;${answer}\u001b\\\u001b[?62;4c`);
  await screen.harness.shows('asks for you');
  await expect.poll(() => screen.store.getState().background).toBe(is);
});
