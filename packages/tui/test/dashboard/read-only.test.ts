import {expect, test} from 'vitest';
import type {State} from '../../src/dashboard/state.ts';
import {full, type} from './state-for-tests.ts';

const lastSaid = (state: State) => state.messages.at(-1)?.text;

test('where one may only look nothing is changed, and it is said why', () => {
  const reading: State = {...full(), isReadOnly: true};
  expect(lastSaid(type(reading, 'r').state)).toContain('--read-only');
  const viewer = {...full(), who: {actor: 'user:eve', access: 'viewer'} as State['who']};
  expect(lastSaid(type(viewer, 'n').state)).toContain('viewer');
  expect(type(reading, 'enter').effects).toEqual([]);
});

test.each([
  [':run echo x', [':', ...'run echo x', 'enter']],
  ['a setting', ['9', 'enter', ...'off', 'enter']],
  ['undo', ['z']],
])('not by another way either: %s', (_, keys) => {
  const settings = [{key: 'bell', value: 'on', origin: 'default', about: ''}];
  const reading: State = {...full(), isReadOnly: true, settings, undo: [[{line: '', deed: {do: 'devboxes.restore', devbox: 'db'}}]]};
  const {state, effects} = type(reading, ...keys);
  expect([effects, state.commands, lastSaid(state)]).toEqual([[], [], 'The dashboard is open with --read-only.']);
});

test('where one may only look the whole terminal is only looked at too', () => {
  expect(type({...full(), isReadOnly: true}, 'T').effects).toEqual([{type: 'attach', job: 'j-ask', isReadonly: true}]);
  expect(type(full(), 'T').effects).toEqual([{type: 'attach', job: 'j-ask', isReadonly: false}]);
});
