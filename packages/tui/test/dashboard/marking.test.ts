import {expect, test} from 'vitest';
import {cursorOf} from '../../src/dashboard/rows.ts';
import {memoryOf, type State} from '../../src/dashboard/state.ts';
import {devbox, empty, full, job, happen, told, type, whole} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const boxes = (count: number): State =>
  type(
    happen(
      empty(),
      told(
        whole(
          'devboxes',
          Array.from({length: count}, (_, i) => devbox(`b${i}`)),
        ),
      ),
    ).state,
    '2',
  ).state;
const marked = (state: State) => memoryOf(state).marks.toSorted();

test('v marks all from there to wherever the cursor goes, and back again', async () => {
  const three = type(boxes(9), 'j', 'v', 'j', 'j').state;
  expect(marked(three)).toEqual(['d-b1', 'd-b2', 'd-b3']);
  expect(marked(type(three, 'k').state)).toEqual(['d-b1', 'd-b2']);
  expect(marked(type(three, 'g').state)).toEqual(['d-b0', 'd-b1']);
  expect(marked(type(three, 'G').state)).toHaveLength(8);
  await using screen = openTestScreen(three);
  await screen.harness.shows('3 marked, v ends the range');
});

test('what was marked before stays marked, and after the second v the cursor is free', () => {
  const state = type(boxes(9), ' ', 'j', 'v', 'j', 'v', 'j', 'j').state;
  expect(marked(state)).toEqual(['d-b0', 'd-b2', 'd-b3']);
  expect(cursorOf(state)).toBe('d-b5');
});

test('esc ends the range and its marks; so do a change and another page', () => {
  const range = type(boxes(9), 'v', 'j').state;
  for (const keys of [['escape'], ['D']]) expect(memoryOf(type(range, ...keys, 'j').state)).toMatchObject({marks: [], range: undefined});
  const away = type(range, '3', '2', 'j', 'j').state;
  expect(marked(away)).toEqual(['d-b0', 'd-b1']);
});

test('a click in a range goes to there', () => {
  const range = type(boxes(9), 'v').state;
  expect(marked(happen(range, {type: 'pointed', action: 'press', column: 5, row: 6}).state)).toEqual(['d-b0', 'd-b1', 'd-b2', 'd-b3']);
});

test('what a range marked is what a key is about', () => {
  const removed = type(boxes(9), 'v', 'j', 'j', 'D');
  expect(removed.effects).toHaveLength(3);
});

test('of marked jobs those that have not ended are cancelled, and those that have are done again', () => {
  const over = job('over', {state: 'ended', outcome: 'succeeded'});
  const all = type(happen(empty(), told(whole('jobs', [job('one'), over, job('two')]))).state, '3', '*').state;
  const asked = type(all, 'c').state.mode as Extract<State['mode'], {is: 'confirm'}>;
  expect(new Set(asked.deeds.map(deed => 'job' in deed && deed.job))).toEqual(new Set(['j-one', 'j-two']));
  expect(type(all, 'a').effects).toMatchObject([{deed: {do: 'jobs.retry', job: 'j-over'}}]);
});

test('of marked DevBoxes those are stopped that run, and those started that do not', () => {
  const all = type(full(), '2', '*').state;
  const running = [...all.data.devboxes.values()].filter(box => box.state === 'running').map(box => box.name);
  const asked = type(all, 'O').state.mode as Extract<State['mode'], {is: 'confirm'}>;
  expect(running.length).toBeGreaterThan(0);
  expect(asked.deeds).toEqual(expect.arrayContaining(running.map(devbox => ({do: 'devboxes.stop', devbox}))));
  expect(type(all, 'u').effects).toContainEqual({type: 'deed', deed: {do: 'devboxes.start', devbox: 'db'}});
  expect(type(all, 'K').state.messages.at(-1)?.text).toMatch('is not being removed');
});

test('x lists what can be done with a thing, with reasons, and does it by its key or with enter', async () => {
  const menu = type(full(), '2', 'x').state;
  const {choices} = menu.mode as Extract<State['mode'], {is: 'menu'}>;
  expect(choices.map(({key}) => key)).toEqual(['enter', 't', 'o', 'u', 'O', 'D', 'ctrl-x', 'K', 'e', 'I', 'd']);
  expect(choices.find(({key}) => key === 'O')!.text).toBe('db is stopped.');
  await using screen = openTestScreen(menu);
  await screen.harness.shows(/What can be done[^]*O +stop \(off\); u starts it again +\(db is stopped\.\)/);
  expect(type(menu, 'D').effects).toEqual([{type: 'deed', deed: {do: 'devboxes.remove', devbox: 'db'}}]);
  expect(type(menu, 'down', 'down', 'down', 'enter').effects).toEqual([{type: 'deed', deed: {do: 'devboxes.start', devbox: 'db'}}]);
  expect(type(menu, 'O').state.messages.at(-1)?.text).toBe('db is stopped.');
  expect(type(menu, 'escape').state.mode).toEqual({is: 'normal'});
  expect(type(full(), '2', '/', ...'zzz', 'enter', 'x').state.messages.at(-1)?.text).toMatch('nothing here');
});

test('x on a page about one thing is about that', () => {
  const {mode} = type(full(), '5', 'enter', 'x').state;
  expect(mode).toMatchObject({choices: [{key: 'enter'}, {key: 'C'}, {key: 'E'}, {key: 'L'}, {key: 'ctrl-x'}]});
});

test('x offers what is for things of that kind', () => {
  const keys = (state: State) => (state.mode as Extract<State['mode'], {is: 'menu'}>).choices.map(({key}) => key);
  const failed = type(full(), 'down', 'down', 'down', 'x').state;
  expect(keys(failed)).toEqual(['enter', 'c', 'a', 'd']);
  expect(keys(type(full(), 'x').state)).toEqual(['enter', 't', 'T', 'o', 'u', 'O', 'D', 'ctrl-x', 'K', 'e', 'I', 'c', 'a', 'd']);
});
