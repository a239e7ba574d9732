import {expect, test} from 'vitest';
import {helpLines} from '../../src/dashboard/help-lines.ts';
import {withCursor} from '../../src/dashboard/line.ts';
import {textWidth} from '../../src/output/width.ts';
import {empty, full, happen, job, session, told, type} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

test.each([
  [60, 16],
  [80, 24],
  [120, 40],
])('at %i×%i the keys for help and for leaving are always to be seen', async (columns, rows) => {
  for (const key of ['1', '2', '3', '5', '7']) {
    await using screen = openTestScreen(type(full(columns, rows), key).state);
    await screen.harness.shows('? help  q quit');
  }
});

test.each([
  [60, 16],
  [120, 30],
])('at %i×%i all of the help can be reached by scrolling', async (columns, rows) => {
  const help = type(full(columns, rows), '?').state;
  const last = helpLines(help, '').at(-1)!.trim().slice(0, 20);
  await using screen = openTestScreen(help);
  await screen.harness.shows(/▼ \d+ more/);
  for (let i = 0; i < 60; i += 1) screen.tell({type: 'key', key: 'down'});
  await screen.harness.shows(last);
  screen.tell({type: 'key', key: 'up'});
  await screen.harness.shows('▼ 1 more');
});

test('of a line too long for the screen the part around the cursor is shown', () => {
  const text = 'a'.repeat(30) + '字'.repeat(30);
  for (const at of [0, 15, 30, 45, 60]) {
    const shown = withCursor({text, at}, 20);
    expect(textWidth(shown)).toBeLessThanOrEqual(20);
    expect(shown).toContain('█');
  }
});

test('what is typed at the end of a long command is to be seen, and the text of a task too', async () => {
  await using screen = openTestScreen(empty(60, 16));
  screen.tell({type: 'key', key: ':'});
  screen.tell({type: 'paste', text: `run ${'x'.repeat(200)} the end`});
  await screen.harness.shows('the end█');
  screen.tell({type: 'key', key: 'escape'});
  screen.tell({type: 'key', key: 'n'});
  screen.tell({type: 'key', key: 'up'});
  screen.tell({type: 'paste', text: `${'do '.repeat(100)}the task`});
  await screen.harness.shows('the task█');
});

test('what is wrong with a field is said in full on a narrow screen', async () => {
  const state = happen(type(empty(60, 16), 'n', 'ctrl-u').state, {type: 'paste', text: 'Bad Name'}).state;
  await using screen = openTestScreen(type(state, 'ctrl-s').state);
  await screen.harness.shows('Small letters, digits, dot, dash, underscore; at most 63.');
});

test('characters that show nothing are seen while they are typed', () => {
  expect(withCursor({text: 'a\u202eb\u200b', at: 0})).toBe('█�b�');
});

test('what was said is readable to its end, such as an invitation', async () => {
  const line = `bxi_192.168.0.10:4240_0_${'abcdef'.repeat(10)}THE-END`;
  await using screen = openTestScreen(happen(full(80, 24), {type: 'said', text: `Invitation: ${line}`, isError: false}).state);
  await screen.settled();
  expect((await screen.harness.lines()).join('')).toContain(line);
  screen.tell({type: 'key', key: 'escape'});
  await screen.harness.shows('? help  q quit');
});

test('on a screen too small to show anything no key does anything but leave', () => {
  const small = {...full(50, 10)};
  expect(type(small, 'D', 'r', 'x', 'enter').effects).toEqual([]);
  expect(type(small, 'q').effects).toEqual([{type: 'quit'}]);
});

test('what is made harmless leaves the columns of Home where they are', async () => {
  const hostile = '\u001b[31m\u200b\u202e\u001b]0;x\u0007';
  const evil = session('ask', 'asks', {name: `a${hostile}`});
  const next = job('one', {name: `b${hostile}`, spec: {kind: 'run', box: {main: ['echo', hostile.repeat(5)]}} as never});
  await using screen = openTestScreen(happen(full(140, 30), told({list: 'jobs', items: [evil, next]})).state);
  await screen.harness.shows('asks for you');
  const rows = (await screen.harness.lines()).filter(line => /^ [◆●○✖] /.test(line));
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) expect(row).toMatch(/(\d+[smhd]|now)│/);
});
