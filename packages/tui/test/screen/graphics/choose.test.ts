import {describe, expect, test, vi} from 'vitest';
import {chooseGraphics, type GraphicsWish, type Seen} from '../../../src/screen/graphics/choose.ts';
import {InputTokens} from '../../../src/screen/input-tokens.ts';
import {graphicsQuery, readReplies} from '../../../src/screen/probe.ts';
import {readAnswer, TmuxLosses} from '../../../src/screen/graphics/tmux.ts';

const cell = '\u001b[6;20;10t';
const end = '\u001b[?62;22c';
const sixelEnd = '\u001b[?62;4;22c';
const kittyYes = '\u001b_Gi=31;OK\u001b\\';
const called = (name: string) => `\u001bP>|${name}\u001b\\`;

const chosen = (answers: string, more: Partial<Seen> = {}, wish: GraphicsWish = 'auto') =>
  chooseGraphics(wish, {
    env: {TERM: 'xterm-256color'},
    colours: 'truecolor',
    size: {columns: 100, rows: 40},
    probed: readReplies(new InputTokens().push(Buffer.from(answers))),
    ...more,
  });

describe('by what a terminal answers', () => {
  test.each([
    ['kitty', `${kittyYes}${called('kitty(0.35.2)')}${cell}${end}`, 'kitty-placeholder'],
    ['Ghostty', `${kittyYes}${called('ghostty 1.1.3')}${cell}${end}`, 'kitty-placeholder'],
    ['a kitty before placeholders', `${kittyYes}${called('kitty(0.27.1)')}${cell}${end}`, 'kitty'],
    ['one that knows the protocol and prints the characters', `${kittyYes}${called('Konsole 24.02.1')}${cell}${sixelEnd}`, 'kitty'],
    ['one that refuses a picture of that kind', `\u001b_Gi=31;EINVAL:no\u001b\\${cell}${end}`, 'half'],
    ['WezTerm without kitty’s protocol', `${called('WezTerm 20240203-110809-5046fc22')}${cell}${sixelEnd}`, 'iterm'],
    ['iTerm2', `${called('iTerm2 3.5.0')}${cell}${sixelEnd}`, 'iterm'],
    ['foot', `${called('foot(1.16.2)')}${cell}${sixelEnd}`, 'sixel'],
    ['one with sixels that does not say how large its cells are', sixelEnd, 'half'],
    ['one with sixels that says how large its window is', `\u001b[4;800;1000t${sixelEnd}`, 'sixel'],
    ['xterm without sixels', `${called('XTerm(390)')}${cell}${end}`, 'half'],
    ['one that says nothing at all', '', 'half'],
    ['one that says it shows pictures, but too late to say all', kittyYes, 'half'],
    ['a multiplexer nobody told us of, with sixels of its own', `${called('tmux 3.5a')}${cell}${sixelEnd}`, 'half'],
  ])('%s', (_, answers, kind) => {
    expect(chosen(answers).kind).toBe(kind);
  });
});

test('behind tmux pictures go through where it passes them on to a terminal with placeholders, and only there', () => {
  const behind = (isPassingThrough: boolean, terminal: string) =>
    chosen(sixelEnd, {env: {TMUX: '/tmp/tmux-0/default,1,0'}, tmux: {isPassingThrough, terminal, discarded: 0}}).kind;
  expect([behind(true, 'xterm-kitty kitty(0.35.2)'), behind(true, 'xterm-ghostty'), behind(true, 'xterm-256color')]).toEqual([
    'kitty-placeholder',
    'kitty-placeholder',
    'half',
  ]);
  expect(behind(false, 'xterm-kitty')).toBe('half');
  expect(chosen(kittyYes + end, {env: {TERM: 'tmux-256color'}}).kind).toBe('half');
  expect(chosen(kittyYes + end, {env: {TERM: 'xterm', STY: '1.pts'}}).kind).toBe('half');
});

test('a wish goes before every answer; behind tmux kitty means the way that works there', () => {
  for (const wish of ['kitty', 'kitty-placeholder', 'iterm', 'sixel', 'half', 'quadrant', 'ascii'] as const)
    expect(chosen('', {}, wish)).toMatchObject({kind: wish, cell: {width: 8, height: 16}});
  expect(chosen('', {env: {TMUX: 'x'}}, 'kitty').kind).toBe('kitty-placeholder');
});

test('without colours and on the console of Linux it is letters', () => {
  expect(chosen(kittyYes + end, {colours: 'none'}).kind).toBe('ascii');
  expect(chosen('', {env: {TERM: 'linux'}}).kind).toBe('ascii');
});

test('a cell is as large as the terminal says, unless that is absurd', () => {
  expect(chosen(`${kittyYes}${cell}${end}`).cell).toEqual({width: 10, height: 20});
  expect(chosen(`${kittyYes}\u001b[4;880;905t${end}`).cell).toEqual({width: 9, height: 22});
  expect(chosen(`${kittyYes}\u001b[6;9999;9999t${end}`).cell).toEqual({width: 8, height: 16});
});

test('all is asked in one write, and last what every terminal answers', () => {
  expect(graphicsQuery).toMatch(/^\u001b_Gi=31,[^\u001b]*a=q[^]*\u001b\[c$/);
});

test('tmux of any age says whether it passes on, what is in front of it, and how large its cells are', () => {
  expect(readAnswer('70 1 10x20 xterm-kitty kitty(0.35.2)\n')).toEqual({
    isPassingThrough: true,
    discarded: 70,
    terminal: 'xterm-kitty kitty(0.35.2)',
    cell: {width: 10, height: 20},
  });
  expect(readAnswer('0 all 0x0 xterm-ghostty \n')).toEqual({isPassingThrough: true, discarded: 0, terminal: 'xterm-ghostty'});
  expect(readAnswer('0  x xterm-kitty \n')).toEqual({isPassingThrough: false, discarded: 0, terminal: 'xterm-kitty'});
  expect(readAnswer(' off x  \n')).toEqual({isPassingThrough: false, discarded: 0, terminal: ''});
});

test('what tmux threw away is told once for each time, and looked for only after something was passed to it', async () => {
  let discarded = 5;
  let asked = 0;
  let lost = 0;
  const ask = async () => ((asked += 1), {discarded});
  const losses = new TmuxLosses(5, ask, () => (lost += 1));
  const looks = async (times: number) => vi.waitFor(() => expect(asked).toBe(times), {timeout: 20_000});
  losses.passed();
  losses.passed();
  await looks(1);
  expect(lost).toBe(0);
  discarded = 80_000;
  losses.passed();
  await looks(2);
  await vi.waitFor(() => expect(lost).toBe(1));
  losses.passed();
  await looks(3);
  expect(lost).toBe(1);
  losses.close();
});
