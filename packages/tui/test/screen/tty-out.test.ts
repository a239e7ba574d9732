import {expect, test, vi} from 'vitest';
import {createTtyOut, type TtyOutOptions} from '../../src/screen/tty-out.ts';
import {plainStyle, styleOf} from '../../src/screen/style.ts';
import {openHarness} from './tui-harness.ts';

const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

function open(size = {columns: 20, rows: 4}, options: Partial<TtyOutOptions> = {}) {
  const harness = openHarness(size);
  const out = createTtyOut({stdout: harness.stdout, env: {}, colours: 'truecolor', ...options});
  return {
    harness,
    out,
    /** As Ink does it. */
    frame(...lines: readonly string[]) {
      out.ink.write(BEGIN);
      out.ink.write(`\u001b[2K\u001b[1A\u001b[2K\u001b[G${lines.join('\n')}`);
      out.ink.write(END);
    },
    [Symbol.dispose]() {
      out.close();
      harness[Symbol.dispose]();
    },
  };
}
const at = (left: number, top: number, columns: number, rows: number) => ({left, top, columns, rows});

test('frames of one tick are one write, the last of them, and the same again is none', async () => {
  using opened = open();
  opened.frame('one', 'two');
  opened.frame('1', '2');
  await opened.out.flushed();
  expect(await opened.harness.lines()).toEqual(['1', '2', '', '']);
  expect(opened.harness.frames()).toHaveLength(1);
  opened.frame('1', '2');
  opened.out.paintSoon();
  await opened.out.flushed();
  expect(opened.harness.frames()).toHaveLength(1);
  opened.harness.obeys();
  expect(opened.out.figures()).toMatchObject({frames: 1, writes: 1, bytes: opened.harness.bytes().length});
});

test('one changed cell is few bytes', async () => {
  using opened = open({columns: 200, rows: 60});
  const lines = Array.from({length: 60}, (_, row) => `\u001b[32m●\u001b[39m ${row} ${'x'.repeat(180)}`);
  opened.frame(...lines);
  await opened.out.flushed();
  opened.harness.forget();
  opened.frame(...lines.with(7, lines[7]!.replace('7', '8')));
  await opened.out.flushed();
  opened.harness.obeys(40);
  expect((await opened.harness.lines())[7]).toContain('● 8 x');
});

test('an overlay lies over what Ink drew, stays when Ink draws again, and leaves what was beneath', async () => {
  using opened = open();
  let text = 'PANE';
  opened.frame('..........', '..........');
  const overlay = {
    region: at(2, 1, 5, 1),
    paint: (canvas: {text(column: number, row: number, text: string): number}) => void canvas.text(0, 0, text),
  };
  opened.out.setOverlay('pane', overlay);
  await opened.harness.shows('..PANE....');
  opened.frame('..........', 'xxxxxxxxxx');
  await opened.harness.shows('xxPANExxxx');
  text = 'P';
  opened.out.paintSoon();
  await opened.harness.shows('xxPxxxxxxx');
  opened.out.removeOverlay('pane');
  await opened.harness.shows('xxxxxxxxxx');
  opened.harness.obeys();
});

test('the nearest overlay covers the others and has the cursor if it wants one', async () => {
  using opened = open();
  const fill = (text: string) => ({
    paint: (canvas: {put(column: number, row: number, text: string, width: number, style: typeof plainStyle): void}) => {
      for (let column = 0; column < 6; column += 1) canvas.put(column, 0, text, 1, plainStyle);
    },
  });
  opened.out.setOverlay('near', {z: 2, region: at(4, 0, 6, 1), ...fill('n'), cursor: () => ({column: 1, row: 0})});
  opened.out.setOverlay('far', {region: at(0, 0, 6, 1), ...fill('f'), cursor: () => ({column: 0, row: 0})});
  await opened.harness.shows('ffffnnnnnn');
  expect(await opened.harness.cursor()).toEqual({column: 5, row: 0});
  opened.out.removeOverlay('near');
  await opened.harness.shows(/^ffffff$/m);
  expect(await opened.harness.cursor()).toEqual({column: 0, row: 0});
  opened.out.removeOverlay('far');
  await vi.waitFor(async () => expect(await opened.harness.cursor()).toBeUndefined(), 10_000);
  opened.harness.obeys();
});

test('a resize draws once, the new layout, without clearing', async () => {
  using opened = open();
  opened.frame('old old old old old', 'old');
  await opened.out.flushed();
  opened.harness.forget();
  opened.out.ink.once('resize', () => opened.frame('stale', 'stale'));
  for (const columns of [15, 12, 10]) opened.harness.resize(columns, 3);
  setTimeout(() => opened.frame('new', 'new'), 2);
  await opened.out.flushed();
  expect(opened.harness.frames()).toHaveLength(1);
  expect(await opened.harness.lines()).toEqual(['new', 'new', '']);
  expect([opened.out.ink.columns, opened.out.ink.rows]).toEqual([10, 3]);
  opened.harness.obeys();
});

test('while the terminal takes no more, only the newest frame is kept', async () => {
  using opened = open();
  opened.harness.block(true);
  opened.frame('first');
  await opened.harness.shows('first');
  for (let count = 0; count < 100; count += 1) opened.frame(`frame ${count}`);
  expect(opened.harness.frames()).toHaveLength(1);
  opened.harness.block(false);
  await opened.harness.shows('frame 99');
  expect(opened.harness.frames()).toHaveLength(2);
  opened.harness.obeys();
});

test('what moves does so thirty times a second at most, and its last state arrives', async () => {
  using opened = open();
  let text = '';
  opened.out.setOverlay('pane', {region: at(0, 1, 9, 1), paint: canvas => void canvas.text(0, 0, text)});
  const started = performance.now();
  for (let count = 0; performance.now() - started < 300; count += 1) {
    text = `at ${count}`;
    opened.out.paintSoon();
    await new Promise(resolve => setImmediate(resolve));
  }
  text = 'end';
  opened.out.paintSoon();
  await opened.harness.shows('end');
  expect(opened.harness.frames().length).toBeLessThanOrEqual((performance.now() - started) / 33 + 2);
});

test('what Ink draws is seen sooner than that', async () => {
  using opened = open();
  opened.out.setOverlay('pane', {region: at(0, 1, 4, 1), paint: canvas => void canvas.text(0, 0, 'PANE')});
  // A busy machine may be late now and then.
  await vi.waitFor(async () => {
    opened.frame('one');
    await opened.out.flushed();
    const started = performance.now();
    opened.out.paintSoon();
    opened.frame('two');
    await opened.out.flushed();
    expect(performance.now() - started).toBeLessThan(30);
  }, 10_000);
  expect(await opened.harness.lines()).toEqual(['two', 'PANE', '', '']);
});

test('after it is invalidated every cell is written again', async () => {
  using opened = open();
  opened.frame('one', 'two');
  await opened.out.flushed();
  opened.harness.writeNow('\u001b[H\u001b[31mgarbage\u001b[m\r\n\n\n\ngarbage');
  opened.out.invalidate();
  await opened.out.flushed();
  expect(await opened.harness.lines()).toEqual(['one', 'two', '', '']);
});

test('suspended it writes nothing, resumed everything', async () => {
  using opened = open();
  opened.frame('one');
  await opened.out.flushed();
  opened.out.suspend();
  opened.frame('two');
  opened.out.paintSoon();
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(opened.harness.frames()).toHaveLength(1);
  opened.harness.resize(10, 3);
  opened.out.resume();
  await opened.harness.shows('two');
  opened.out.close();
  opened.frame('three');
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(await opened.harness.lines()).toEqual(['two', '', '']);
});

test('colours and marks are brought down at one place, for Ink and for overlays', async () => {
  using opened = open(undefined, {colours: 'none', ascii: true});
  opened.frame('\u001b[1;38;2;250;0;0m● run\u001b[0m │ \u001b[7msel\u001b[27m');
  opened.out.setOverlay('o', {region: at(0, 1, 4, 1), paint: canvas => canvas.put(0, 0, '█', 1, styleOf({foreground: 2}, 'dim'))});
  await opened.harness.shows(/^\* run \| sel\n#$/m);
  const [[first], [second]] = (await opened.harness.cells()) as any;
  expect(first).toMatchObject({text: '*', foreground: -1, bold: true});
  expect(second).toMatchObject({text: '#', foreground: -1, dim: true});
  expect(opened.harness.bytes()).not.toMatch(/38;|3[0-7]m/);
});

test('what is no frame is passed through as it is, overlays over it, and everything from then on', async () => {
  using opened = open();
  opened.frame('one', 'two', 'three', 'four');
  opened.out.setOverlay('pane', {region: at(15, 0, 4, 1), paint: canvas => void canvas.text(0, 0, 'PANE')});
  await opened.harness.shows('PANE');
  // As Ink writes it with incremental rendering: two rows up from the last, the third row stays.
  opened.out.ink.write('\u001b[3A\u001b[E\u001b[G\u001b[KTWO\u001b[E');
  await opened.harness.shows('TWO');
  await opened.out.flushed();
  expect(await opened.harness.lines()).toEqual(['one            PANE', 'TWO', 'three', 'four']);
  expect(opened.out.figures().isPassThrough).toBe(true);
});

test('without a word that frames belong together, where someone says so', async () => {
  using opened = open(undefined, {env: {BOXYARD_SYNC: '0'}});
  opened.frame('one');
  await opened.harness.shows('one');
  expect(opened.harness.bytes()).not.toContain('2026');
});

test('nothing is written while nothing happens', async () => {
  using opened = open();
  opened.frame('one');
  opened.out.setOverlay('pane', {
    region: at(0, 1, 4, 1),
    paint: canvas => void canvas.text(0, 0, 'PANE'),
    cursor: () => ({column: 2, row: 0}),
  });
  await opened.out.flushed();
  const {bytes} = opened.out.figures();
  await new Promise(resolve => setTimeout(resolve, 300));
  expect(opened.out.figures().bytes).toBe(bytes);
});
