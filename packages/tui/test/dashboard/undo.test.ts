import {expect, test} from 'vitest';
import {cursorOf} from '../../src/dashboard/rows.ts';
import {memoryOf} from '../../src/dashboard/state.ts';
import {full, happen, type} from './state-for-tests.ts';

const on = (name: string) => type(full(), ':', ...name, 'enter').state;
const deeds = (effects: readonly object[]) => effects.map(effect => ('deed' in effect ? effect.deed : effect));

test('what was done to several at once is taken back at once', () => {
  const removed = type(on('devboxes'), '*', 'D').state;
  const undone = type(removed, 'z');
  expect(deeds(undone.effects)).toEqual([
    {do: 'devboxes.restore', devbox: 'db'},
    {do: 'devboxes.restore', devbox: 'web'},
  ]);
  expect(type(undone.state, 'z').effects).toEqual([]);
});

test('a change that cannot be taken back stands in the way of none that can', () => {
  const state = type(on('devboxes'), 'D', 'down', 'e', ...'make', 'enter').state;
  expect(deeds(type(state, 'z').effects)).toEqual([{do: 'devboxes.restore', devbox: 'db'}]);
});

test('z goes back one change after the other, and never forth again', () => {
  const state = type(on('workers'), 'C', 'down', 'C').state;
  const first = type(state, 'z');
  const second = type(first.state, 'z');
  expect(deeds([...first.effects, ...second.effects])).toEqual([
    {do: 'workers.uncordon', worker: 'nas'},
    {do: 'workers.uncordon', worker: 'laptop'},
  ]);
  expect(type(second.state, 'z').effects).toEqual([]);
});

test('what the server refused is not taken back', () => {
  const sent = type(on('devboxes'), 'D').state;
  const line = sent.commands.at(-1)!.line;
  const refused = happen(sent, {type: 'done', line, isError: true, text: 'No.'}).state;
  expect(type(refused, 'z').effects).toEqual([]);
});

test('space finds what asks also where a filter hides it, and says that the filter is off', () => {
  const filtered = type(full(), '/', ...'db', 'enter').state;
  expect(cursorOf(filtered)).toBe('d-db');
  const found = type(filtered, ' ').state;
  expect(cursorOf(found)).toBe('j-ask');
  expect(memoryOf(found, 'home').filter).toBe('');
  expect(found.messages.at(-1)?.text).toContain('filter is off');
  const fitting = type(full(), '/', ...'web', 'enter', ' ').state;
  expect(memoryOf(fitting, 'home').filter).toBe('web');
});
