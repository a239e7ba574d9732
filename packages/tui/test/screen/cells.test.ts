import fc from 'fast-check';
import {expect, test} from 'vitest';
import {openScreen} from '@boxyard/core/vt/screen';
import {canvasOn, Grid, putText} from '../../src/screen/cells.ts';
import {styleFor, tierOf, toAscii} from '../../src/screen/downgrade.ts';
import {emitChanges} from '../../src/screen/emit.ts';
import {screenshotOf, textOf} from '../../src/screen/screenshot.ts';
import {afterSgr, sgrBetween} from '../../src/screen/sgr.ts';
import {plainStyle, rgb, styleOf, type Style} from '../../src/screen/style.ts';

const rendition = {style: (style: Style) => style, character: (text: string) => text};
const rowOf = (text: string, columns = 20) => {
  const grid = new Grid(columns, 1);
  putText(grid, {column: 0, row: 0, end: columns}, text);
  return grid;
};

test('a styled line becomes cells with its colours, and nothing but SGR is heeded', () => {
  const grid = rowOf('a\u001b[1;38;2;1;2;3;48;5;200mb\u001b[22;39mc\u001b[0md\u001b]0;title\u0007e\u001b[2Jf\u001b[?25hg\u001bc\u001b');
  expect(textOf(grid)).toBe('abcdefg');
  expect(grid.styleAt(1)).toEqual(styleOf({foreground: rgb(1, 2, 3), background: 200}, 'bold'));
  expect(grid.styleAt(2)).toEqual(styleOf({background: 200}));
  expect(grid.styleAt(3)).toEqual(plainStyle);
});

test.each([
  ['4:3', styleOf({}, 'underline')],
  ['38:2::10:20:30', styleOf({foreground: rgb(10, 20, 30)})],
  ['38:5:9', styleOf({foreground: 9})],
  ['58;2;1;2;3;3', styleOf({}, 'italic')],
  ['97;107', styleOf({foreground: 15, background: 15})],
  ['5;6;53', plainStyle],
  ['38;5', plainStyle],
  ['38;2;300;0;0;1', styleOf({}, 'bold')],
])('SGR %s is understood', (params, style) => {
  expect(afterSgr(plainStyle, params)).toEqual(style);
});

const styles = fc.record({
  foreground: fc.oneof(fc.integer({min: -1, max: 255}), fc.constant(rgb(9, 8, 7))),
  background: fc.oneof(fc.integer({min: -1, max: 255}), fc.constant(rgb(9, 8, 7))),
  attributes: fc.integer({min: 0, max: 127}),
});

test('what turns one pen into another does, from any to any', () => {
  fc.assert(
    fc.property(styles, styles, (from, to) => {
      const [, params] = /^(?:\u001b\[([\d;]*)m)?$/.exec(sgrBetween(from, to))!;
      expect(params === undefined ? from : afterSgr(from, params)).toEqual(to);
    }),
  );
});

test('a wide character takes two cells, at the end of a row none, and half of it never stays', () => {
  const grid = rowOf('日本x', 5);
  expect([...grid.widths]).toEqual([2, 0, 2, 0, 1]);
  grid.put(1, 0, 'a', 1, plainStyle);
  expect(textOf(grid)).toBe(' a本x');
  grid.put(1, 0, '語', 2, plainStyle);
  expect(textOf(grid)).toBe(' 語 x');
  expect(textOf(rowOf('abcd日', 5))).toBe('abcd');
  expect([...rowOf('abcd日', 5).widths]).toEqual([1, 1, 1, 1, 1]);
});

test('an overlay cannot draw outside of its region', () => {
  const grid = rowOf('..........', 10);
  const canvas = canvasOn(grid, {left: 2, top: 0, columns: 3, rows: 1});
  canvas.put(-1, 0, 'x', 1, plainStyle);
  canvas.put(3, 0, 'x', 1, plainStyle);
  canvas.put(2, 0, '日', 2, plainStyle);
  canvas.put(0, 1, 'x', 1, plainStyle);
  expect(textOf(grid)).toBe('.... .....');
  expect(canvas.text(0, 0, 'abcdef')).toBe(3);
  expect(textOf(grid)).toBe('..abc.....');
  canvas.clear();
  expect(textOf(grid)).toBe('..   .....');
});

const pieces = [
  'a',
  'b',
  ' ',
  '   ',
  '日',
  '한',
  '🔴',
  '👩🏽‍💻',
  'é',
  'e\u0301',
  '│',
  '\u001b[1m',
  '\u001b[7m',
  '\u001b[m',
  '\u001b[38;5;9m',
  '\u001b[48;2;9;9;9m',
];
const someRow = fc.array(fc.constantFrom(...pieces), {maxLength: 14}).map(list => list.join(''));

test('whatever was shown and whatever comes next, the terminal shows it cell by cell', async () => {
  const [columns, rows] = [12, 3];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(someRow, {minLength: rows, maxLength: rows}), {minLength: 1, maxLength: 4}), async screens => {
      const terminal = openScreen({columns, rows}, 0);
      terminal.write('\u001b[?7l');
      const shown = new Grid(columns, rows);
      let unknown: ReadonlySet<number> = new Set([0, 1, 2]);
      for (const lines of screens) {
        const next = new Grid(columns, rows);
        lines.forEach((line, row) => putText(next, {column: 0, row, end: columns}, line));
        const bytes = emitChanges(shown, next, {rows: [0, 1, 2], unknown}, rendition);
        unknown = new Set();
        expect(bytes).not.toMatch(/\u001b\[\d*[CJ]/);
        await new Promise<void>(resolve => terminal.write(bytes, resolve));
        expect(emitChanges(shown, next, {rows: [0, 1, 2], unknown}, rendition)).toBe('');
        for (let cell = 0; cell < columns * rows; cell += 1) {
          const at = terminal.buffer.active.getLine(Math.floor(cell / columns))!.getCell(cell % columns)!;
          // The emulator knows no clusters of several characters: what it makes of those is its own.
          if (next.chars[cell]!.length > 1) break;
          expect(at.getChars() || (at.getWidth() === 0 ? '' : ' ')).toBe(next.chars[cell]);
          expect(at.isInverse() !== 0).toBe((next.attributes[cell]! & 16) !== 0);
          expect(at.isFgDefault() ? -1 : at.getFgColor()).toBe(next.foregrounds[cell]);
        }
      }
      terminal.dispose();
    }),
    {numRuns: 150},
  );
});

test('colours come down to what the terminal has, and marks of state stay without any', () => {
  const style = styleOf({foreground: rgb(250, 10, 10), background: rgb(48, 48, 48)}, 'bold', 'inverse');
  expect(styleFor('truecolor')(style)).toBe(style);
  expect(styleFor('256')(style)).toEqual({...style, foreground: 196, background: 236});
  expect(styleFor('16')(style)).toEqual({...style, foreground: 9, background: 0});
  expect(styleFor('none')(style)).toEqual({...style, foreground: -1, background: -1});
  expect(styleFor('16')(styleOf({foreground: 196, background: -1}))).toEqual(styleOf({foreground: 9}));
  expect(styleFor('256')(styleOf({foreground: 5}))).toEqual(styleOf({foreground: 5}));
});

test.each([
  [{NO_COLOR: '1', COLORTERM: 'truecolor'}, 'none'],
  [{TERM: 'dumb'}, 'none'],
  [{COLORTERM: 'truecolor', TERM: 'xterm-256color'}, 'truecolor'],
  [{TERM: 'tmux-256color'}, '256'],
  [{TERM: 'xterm-kitty'}, 'truecolor'],
  [{TERM: 'linux'}, '16'],
])('%o has %s', (env, tier) => {
  expect(tierOf(env)).toBe(tier);
});

test('lines, blocks and marks have an ASCII look of the same width; letters stay', () => {
  expect([...'╭─╮│█░▀●○✔✖▲▼…→’⣿'].map(toAscii).join('')).toBe('+-+|#."*ov' + 'x^v.>' + "':");
  expect(toAscii('日')).toBe('日');
  expect(toAscii('é')).toBe('é');
});

test('a screenshot has the text, the colours and a picture', () => {
  const {text, ansi, svg} = screenshotOf(rowOf('a \u001b[31m<b>\u001b[7m日'), undefined);
  expect(text).toBe('a <b>日');
  expect(ansi).toBe('a \u001b[31m<b>\u001b[7m日\u001b[m\n');
  expect(svg).toContain('&lt;');
  expect(svg).toContain('#cc6666');
});
