import {expect, test} from 'vitest';
import {cursorOf} from '../../src/dashboard/rows.ts';
import {devbox, empty, full, happen, job, told, type, whole} from './state-for-tests.ts';

const on = (name: string) => type(full(), ':', ...name, 'enter').state;

test('the cursor stays on its thing when rows move', () => {
  const state = type(on('jobs'), 'down').state;
  const chosen = cursorOf(state);
  const moved = happen(state, told({list: 'jobs', items: [job('0-new')]})).state;
  expect(cursorOf(moved)).toBe(chosen);
});

test('also where it was never moved: a row that comes first does not slip under the next key', () => {
  const boxes = happen(empty(), told(whole('devboxes', [devbox('web')]))).state;
  const more = happen(boxes, told({list: 'devboxes', items: [devbox('api')]})).state;
  expect([cursorOf(boxes), cursorOf(more)]).toEqual(['d-web', 'd-web']);
});

test('where its thing is gone the cursor goes to what stood next to it, not to the first', () => {
  const boxes = ['a', 'b', 'c', 'd'].map(name => devbox(name));
  const state = type(happen(empty(), told(whole('devboxes', boxes))).state, '2', 'down', 'down').state;
  expect(cursorOf(happen(state, told({list: 'devboxes', items: [], gone: ['d-c']})).state)).toBe('d-d');
  expect(cursorOf(happen(state, told({list: 'devboxes', items: [], gone: ['d-c', 'd-d']})).state)).toBe('d-b');
});

test('what a filter found stays under the cursor when the filter goes', () => {
  expect(cursorOf(type(on('workers'), '/', ...'na', 'enter', 'escape').state)).toBe('w-nas');
  expect(cursorOf(type(on('workers'), '/', ...'na', 'escape').state)).toBe('w-nas');
});

test('who made a DevBox has the cursor on it when it is there; another key meanwhile, and it stays where it is', () => {
  const asked = type(full(), 'n', 'ctrl-u', ...'zoo', 'ctrl-s').state;
  const there = told({list: 'devboxes', items: [devbox('zoo', 'creating')]});
  expect(cursorOf(happen(asked, there).state)).toBe('d-zoo');
  expect(cursorOf(happen(happen(asked, there).state, {type: 'key', key: 'g'}, there).state)).toBe('j-ask');
  expect(cursorOf(happen(asked, {type: 'key', key: 'j'}, there).state)).toBe('j-busy');
});
