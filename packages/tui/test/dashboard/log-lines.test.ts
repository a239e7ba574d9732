import {expect, test} from 'vitest';
import {appendLog, inSight, linesOf, noLog, shownLines, type Log} from '../../src/dashboard/log-lines.ts';
import {empty, happen, job, told, type, whole} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const none: Log = {...noLog, job: 'j-one'};
const written = (...parts: readonly string[]): Log => parts.reduce(appendLog, none);
const whole1 = (text: string) => [text];

test('a progress bar is one line that is written again, wherever its chunks are cut', () => {
  expect(linesOf(written('a\r', 'b\r', 'c'))).toEqual(['c']);
  expect(linesOf(written('10%\r20%\r'))).toEqual(['20%']);
});

test('lines that end in carriage return and newline have no empty ones between them', () => {
  expect(linesOf(written('one\r', '\ntwo\r\nthr', 'ee\r\n'))).toEqual(['one', 'two', 'three']);
});

test('at the top of a log there are as many lines as there is room for, wrapped or not', () => {
  const log = {...written('1\n2\n3\n4\n5\n'), back: 5};
  expect(shownLines(log, 3, whole1)).toEqual(['1', '2', '3']);
  expect(shownLines({...log, back: 4}, 3, text => [text, '-'])).toEqual(['1', '-', '2']);
  expect(shownLines({...log, back: 0}, 3, whole1)).toEqual(['3', '4', '5']);
});

test('g shows the first page of a log, and one line down moves it', () => {
  const start = happen(empty(), told(whole('jobs', [job('one', {state: 'ended', outcome: 'succeeded'})]))).state;
  const text = Array.from({length: 100}, (_, i) => `${i}\n`).join('');
  const open = happen(type(start, '3', 'enter').state, {type: 'log', job: 'j-one', text}).state;
  const first = type(open, 'g').state;
  const rows = 36;
  expect(shownLines(first.log, rows, whole1)[0]).toBe('0');
  expect(shownLines(type(first, 'j').state.log, rows, whole1)[0]).toBe('1');
});

test('a job that wrote nothing says so', async () => {
  const start = happen(empty(), told(whole('jobs', [job('one', {state: 'ended', outcome: 'succeeded'})]))).state;
  await using screen = openTestScreen(type(start, '3', 'enter').state);
  await screen.harness.shows('It wrote nothing.');
});

test('what was searched for in the log of one job is not searched for in that of another', () => {
  const searched = {...inSight(noLog, 'j-one'), search: 'ERROR'};
  expect(inSight(inSight(searched, undefined), 'j-one').search).toBe('ERROR');
  expect(inSight(searched, 'j-two').search).toBe('');
});
