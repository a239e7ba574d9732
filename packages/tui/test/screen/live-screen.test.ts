import {expect, test, vi} from 'vitest';
import {BoxyardError} from '@boxyard/core/errors';
import type {JobView} from '@boxyard/core/api';
import type {MouseEvent} from '../../src/screen/input-events.ts';
import {createTtyOut} from '../../src/screen/tty-out.ts';
import {payloads} from '../payloads.ts';
import {open, region, size} from './live-screen-for-tests.ts';
import {openHarness} from './tui-harness.ts';

test('shows what the session shows, with its cursor, and says when it changed', async () => {
  using opened = open();
  expect(opened.text().trim()).toBe('');
  expect(opened.live.state).toEqual({is: 'connecting'});
  opened.server.draw('\u001b[31mhello\u001b[m\r\n$ ');
  await opened.shows(/^hello\n\$/);
  expect(opened.live.state).toEqual({is: 'live', controls: false, mayType: true, size});
  expect(opened.live.cursor(region)).toEqual({column: 2, row: 1});
  const before = opened.changes();
  opened.server.say('ls');
  await opened.shows('$ ls');
  expect(opened.changes()).toBeGreaterThan(before);
  opened.server.say('\u001b[?25l');
  await vi.waitFor(() => expect(opened.live.cursor(region)).toBeUndefined(), 10_000);
});

test('what follows an emoji stands where the program put it', async () => {
  using opened = open();
  opened.server.draw('🔴日e\u0301x|');
  await opened.shows('🔴日e\u0301x|');
  expect(opened.live.cursor(region)).toEqual({column: 7, row: 0});
});

test('keeps as many lines above as it is told; more of them come with a new connection', async () => {
  using opened = open({scrollback: 3});
  expect(opened.server.now.options.history).toBe(3);
  opened.server.draw(Array.from({length: 40}, (_, i) => `line ${i}`).join('\r\n'));
  await opened.shows('line 39');
  opened.live.scroll(100);
  expect(opened.live.scrolledBack).toBe(3);
  expect(opened.live.keep(1)).toBe(false);
  expect(opened.live.scrolledBack).toBe(1);
  expect(opened.live.keep(5_000)).toBe(true);
  opened.live.again();
  expect(opened.server.opened).toHaveLength(2);
  expect(opened.server.now.options).toMatchObject({history: 1_000, isReadonly: true});
  expect(opened.text()).toContain('line 38');
});

test('a session larger than the pane is shown around its cursor, with its size', async () => {
  using opened = open();
  opened.server.draw(Array.from({length: 12}, (_, row) => `line ${row} ${'.'.repeat(30)}|`).join('\r\n'), {at: {columns: 60, rows: 24}});
  await vi.waitFor(() => expect(opened.live.state.is).toBe('live'), 10_000);
  const small = {...region, columns: 12, rows: 3};
  expect(opened.text(small).split('\n')).toHaveLength(3);
  await opened.shows(/\|$/m, small);
  expect(opened.live.cursor(small)!.row).toBe(2);
  opened.server.say('\u001b[3;1H');
  await opened.shows(/^line 0.*\nline 1.*\nline 2/, small);
  opened.server.say('\u001b[1;1H');
  await vi.waitFor(() => expect(opened.text(small).split('\n')[2]).toMatch(/ 60x24$/), 10_000);
});

test.each(payloads)('$name does not get to the person', async ({bytes}) => {
  const harness = openHarness(size);
  const out = createTtyOut({stdout: harness.stdout, env: {}, colours: 'truecolor'});
  using opened = open({onChange: () => out.paintSoon()});
  out.setOverlay('pane', {region, paint: canvas => opened.live.paint(canvas, region), cursor: () => opened.live.cursor(region)});
  opened.server.draw(`before ${bytes}\u001b\\ after`);
  await harness.shows(/after|before/);
  await out.flushed();
  harness.obeys();
  // Only what TtyOut itself says: frames, moves, SGR, erasing to the end of a line, the cursor.
  const rest = harness.bytes().replaceAll(/\u001b\[(?:\?2026[hl]|\?25[hl]|\d+;\d+H|[\d;]*m|K)/g, '');
  expect(rest).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\ufeff]/);
  expect(harness.terminal.modes.mouseTrackingMode).toBe('none');
  out.close();
  harness[Symbol.dispose]();
});

test('who only looks on types nothing and leaves the size alone', async () => {
  using opened = open();
  opened.server.draw('$ ');
  await opened.shows('$');
  expect(opened.server.now.options).toMatchObject({isReadonly: true});
  expect(opened.server.now.options.size).toEqual(size);
  expect(opened.live.type(Buffer.from('x'))).toBe(false);
  opened.live.resize({columns: 40, rows: 10});
  opened.live.focus(true);
  // Of the session's program, to its terminal: not ours to answer.
  opened.server.say('\u001b[c\u001b[6n');
  await new Promise(resolve => setTimeout(resolve, 120));
  expect(opened.server.now.said).toEqual([]);
});

test('taking the keyboard opens a connection that types, shows the old screen meanwhile, and takes control', async () => {
  using opened = open();
  opened.server.draw('old');
  await opened.shows('old');
  opened.live.resize({columns: 30, rows: 5});
  opened.live.take();
  expect(opened.server.opened).toHaveLength(2);
  expect(opened.server.opened[0]!.said).toEqual(['close']);
  expect(opened.server.now.options).toMatchObject({isReadonly: false, size: {columns: 30, rows: 5}});
  await opened.shows('old');
  opened.server.draw('new', {controls: false});
  expect(opened.server.now.said).toEqual(['take']);
  opened.server.now.handlers.control({controls: true, mayType: true, size});
  await opened.shows('new');
  expect(opened.live.type(Buffer.from('ls\r'))).toBe(true);
  expect(opened.server.now.said).toEqual(['take', 'type ls\r']);
  opened.live.release();
  expect(opened.server.now.options.isReadonly).toBe(true);
  expect(opened.live.type(Buffer.from('x'))).toBe(false);
});

test('who controls answers the program, follows its modes, and resizes once', async () => {
  using opened = open({isReadonly: false});
  opened.server.draw('', {controls: true});
  const typed = () => opened.server.now.said.splice(0);
  opened.server.say('\u001b[6n');
  await vi.waitFor(() => expect(opened.server.now.said).toContain('type \u001b[1;1R'), 10_000);
  typed();
  opened.live.type(Buffer.from('\u001b[A\u001b[200~p\u001b[201~'));
  expect(typed()).toEqual(['type \u001b[Ap']);
  opened.server.say('\u001b[?1h\u001b[?2004h\u001b[?1004h!');
  await opened.shows('!');
  opened.live.type(Buffer.from('\u001b[A\u001b[200~p\u001b[201~'));
  opened.live.focus(true);
  expect(typed()).toEqual(['type \u001bOA\u001b[200~p\u001b[201~', 'type \u001b[I']);
  for (const columns of [30, 31, 32]) opened.live.resize({columns, rows: 9});
  await vi.waitFor(() => expect(typed()).toEqual(['resize 32x9']), 10_000);
});

test('the mouse goes to a program that wants it, the wheel to one on the other screen as keys, else to the pane', async () => {
  using opened = open({isReadonly: false});
  opened.server.draw('x', {controls: true});
  await opened.shows('x');
  const event: MouseEvent = {type: 'mouse', action: 'press', button: 'left', column: 4, row: 2, shift: false, alt: false, ctrl: false};
  const typed = () => opened.server.now.said.splice(0);
  expect(opened.live.mouse(event, region)).toBe(false);
  expect(opened.live.mouse({...event, action: 'wheel-up'}, region)).toBe(false);
  opened.server.say('\u001b[?1049h\u001b[Hy');
  await opened.shows('y');
  expect(opened.live.mouse({...event, action: 'wheel-up'}, region)).toBe(true);
  opened.server.say('\u001b[?1000h\u001b[?1006hz');
  await opened.shows('yz');
  expect(opened.live.mouse(event, region)).toBe(true);
  expect(opened.live.mouse({...event, action: 'drag'}, region)).toBe(false);
  expect(opened.live.mouse({...event, action: 'release', ctrl: true}, region)).toBe(true);
  expect(opened.live.mouse({...event, action: 'wheel-down'}, region)).toBe(true);
  opened.server.say('\u001b[?1006l!');
  await opened.shows('yz!');
  expect(opened.live.mouse(event, region)).toBe(true);
  expect(typed()).toEqual([
    'type \u001b[A\u001b[A\u001b[A',
    'type \u001b[<0;5;3M',
    'type \u001b[<16;5;3m',
    'type \u001b[<65;5;3M',
    'type \u001b[M %#',
  ]);
});

test('scrolls back through its own lines, stays there while more come, and typing goes to the end', async () => {
  using opened = open({isReadonly: false});
  const lines = (from: number, to: number) => Array.from({length: to - from}, (_, row) => `line ${row + from}\r\n`).join('');
  opened.server.draw(lines(0, 40), {controls: true});
  await opened.shows('line 39');
  opened.live.scroll(10);
  const before = opened.text();
  expect(before).toMatch(/^line 26\n/);
  expect(opened.live.cursor(region)).toBeUndefined();
  opened.server.say(lines(40, 60));
  await vi.waitFor(() => expect(opened.live.scrolledBack).toBe(30), 10_000);
  expect(opened.text()).toBe(before);
  opened.live.scroll(1_000);
  expect(opened.text()).toMatch(/^line 0\n/);
  opened.live.type(Buffer.from('x'));
  expect(opened.live.scrolledBack).toBe(0);
  await opened.shows('line 59');
});

test('another size of the session keeps the lines above, and shows the new screen only', async () => {
  using opened = open();
  opened.server.draw(Array.from({length: 9}, (_, row) => `line ${row}`).join('\r\n'));
  await opened.shows('line 8');
  const {handlers} = opened.server.now;
  handlers.screen({columns: 20, rows: 3});
  opened.server.say('\u001b[1;31mnew\u001b[m\r\n$ ');
  await opened.shows(/^new\n\$/);
  expect(opened.live.state).toMatchObject({size: {columns: 20, rows: 3}});
  opened.live.scroll(4);
  expect(opened.text({...region, rows: 3})).toBe('line 0\nline 1\nline 2');
  // Another connection brings those lines itself.
  handlers.offline(new Error('gone'));
  handlers.online();
  handlers.screen(size);
  opened.server.say('line 0\r\nline 1\r\nnew');
  await opened.shows(/^line 0\nline 1\nnew/);
  opened.live.scroll(100);
  expect(opened.live.scrolledBack).toBe(0);
});

test('a lost connection is told and leaves what was shown; the end comes after the last byte', async () => {
  using opened = open();
  opened.server.draw('here');
  await opened.shows('here');
  const {handlers, end} = opened.server.now;
  handlers.offline(new Error('no route'));
  expect(opened.live.state).toMatchObject({is: 'away', why: new Error('no route')});
  await opened.shows('here');
  handlers.online();
  expect(opened.live.state.is).toBe('live');
  opened.server.say(`${'.'.repeat(19)}\r\nlast words`);
  end.resolve({id: 'j-1'} as JobView);
  await vi.waitFor(() => expect(opened.live.state).toEqual({is: 'ended', job: {id: 'j-1'}}), 10_000);
  expect(opened.text()).toContain('last words');
  expect(opened.live.type(Buffer.from('x'))).toBe(false);
});

test('what cannot be helped is a state, and nothing is told after closing', async () => {
  using opened = open();
  opened.server.now.end.reject(new BoxyardError('INTERNAL'));
  await vi.waitFor(() => expect(opened.live.state.is).toBe('failed'), 10_000);
  using other = open();
  other.server.draw('x'.repeat(100));
  other.live.close();
  other.live.close();
  const told = other.states.length;
  await new Promise(resolve => setTimeout(resolve, 30));
  expect(other.states).toHaveLength(told);
  expect(other.text().trim()).toBe('');
});

test('a flood is shown without keeping anything else waiting, and gives credit as it is shown', async () => {
  using opened = open();
  opened.server.draw('');
  const piece = Buffer.from('y\r\n'.repeat(10_000));
  let credit = 0;
  let turns = 0;
  const watch = () => {
    turns += 1;
    if (credit < piece.length * 100) setImmediate(watch);
  };
  setImmediate(watch);
  for (let count = 0; count < 100; count += 1) opened.server.now.handlers.bytes(piece, () => void (credit += piece.length));
  expect(credit).toBe(0);
  await vi.waitFor(() => expect(credit).toBe(piece.length * 100), 20_000);
  // 3 MB, of which at most 64 kB at once.
  expect(turns).toBeGreaterThan(40);
  opened.server.say('end');
  await opened.shows('end');
});
