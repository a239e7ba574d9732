import {expect, test} from 'vitest';
import {footerKeys} from '../../src/dashboard/actions/registry.ts';
import {linesOf, shownLines} from '../../src/dashboard/log-lines.ts';
import {empty, full, happen, job, told, type, whole} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';
import type {State} from '../../src/dashboard/state.ts';

const log = (text: string) => ({type: 'log' as const, job: 'j-one', text});
/** The page of a running job whose log is open. */
const reading = (...written: readonly string[]): State => {
  const running = happen(empty(), told(whole('jobs', [job('one')]))).state;
  return happen(type(running, '3', 'enter').state, ...written.map(log)).state;
};
const shown = (state: State) => shownLines(state.log, 40, text => [text]);

test('a log that rests stands still, its last line too, and says how much came; p goes on at the newest', async () => {
  const paused = type(reading('one\n10%\r'), 'p').state;
  const later = happen(paused, log('90%\r'), log('done\ntwo\nthree\n')).state;
  expect(shown(later)).toEqual(['one', '10%']);
  await using screen = openTestScreen(later);
  await screen.harness.shows('paused, 3 newer, p goes on');
  expect(shown(type(later, 'p').state)).toEqual(['one', 'done', 'two', 'three']);
  expect(shown(type(later, 'G').state)).toEqual(shown(type(later, 'f').state));
  expect(type(later, 'f').state.log.held).toBeUndefined();
});

test('who scrolled back is with f where the newest is', () => {
  const back = type(reading(Array.from({length: 100}, (_, i) => `${i}\n`).join('')), 'g').state;
  expect(back.log.back).toBeGreaterThan(0);
  expect(type(back, 'f').state.log.back).toBe(0);
});

test('half a page at a time, in what is read', () => {
  const long = reading(Array.from({length: 100}, (_, i) => `${i}\n`).join(''));
  const up = type(long, 'ctrl-u').state;
  expect(up.log.back).toBe(18);
  expect(type(up, 'ctrl-d').state.log.back).toBe(0);
});

test('C clears what is shown, and what comes then is shown', () => {
  const cleared = type(reading('one\ntwo\n'), 'C').state;
  expect(shown(cleared)).toEqual([]);
  expect(shown(happen(cleared, log('three\n')).state)).toEqual(['three']);
});

test('with times the log is read anew, and a progress bar keeps the time of its line', () => {
  const timed = type(reading('one\n'), 'ctrl-t').state;
  expect(timed.log).toMatchObject({isTimed: true, lines: []});
  const written = happen(timed, log('10:00:01 10%\r'), log('90%\r'), log('100%\n10:00:02 done\n')).state;
  expect(shown(written)).toEqual(['10:00:01 100%', '10:00:02 done']);
  expect(type(written, 'ctrl-t').state.log).toMatchObject({isTimed: false, lines: []});
});

test('/ searches a log, n and N go from match to match, ctrl-s saves what is shown', () => {
  const found = type(reading('a\nb\na\nb\n'), '/', 'a', 'enter').state;
  expect(found.log.back).toBe(1);
  expect(type(found, 'N').state.log.back).toBe(3);
  expect(type(found, 'N', 'n').state.log.back).toBe(1);
  expect(type(found, 'ctrl-s').effects).toEqual([{type: 'save', name: 'j-one.log', text: 'a\nb\na\nb\n'}]);
});

test('the footer has the keys of a log where one is shown', () => {
  const words = (state: State) => footerKeys(state).map(({key, word}) => `${key} ${word}`);
  expect(words(reading('a\n')).slice(0, 5)).toEqual(['p pause', 'f follow', 'w wrap', '/ search', 'ctrl-s save']);
  expect(words(type(full(), '3').state)).not.toContain('w wrap');
});

test('beside a list the keys of a log are its own once it has the focus, and the list’s before', () => {
  const home = happen(empty(), told(whole('jobs', [job('one')]))).state;
  const beside = happen(home, log('one\n'), {type: 'ticked', now: home.now}).state;
  expect(type(beside, '/').state.mode).toMatchObject({is: 'prompt', prompt: {asks: 'filter'}});
  expect(type(beside, 'n').state.mode).toMatchObject({is: 'form'});
  expect(type(beside, 'tab', '/').state.mode).toMatchObject({is: 'prompt', prompt: {asks: 'search'}});
  expect(linesOf(type(beside, 'tab', 'C').state.log)).toEqual([]);
  expect(type(full(), '2', 'n').state.mode).toMatchObject({is: 'form'});
});

test('a log that was out of sight is read anew, and nothing of it stands there twice', () => {
  const state = reading('one\n');
  const {reading: first} = state.log;
  const back = type(state, '2', '3', 'enter').state;
  expect(linesOf(back.log)).toEqual([]);
  expect(back.log.reading).toBeGreaterThan(first);
  expect(type(state, '?', 'escape').state.log).toBe(state.log);
});
