import {expect, onTestFinished, test, vi} from 'vitest';
import {createDragging} from '../../src/dashboard/dragging.ts';
import type {State} from '../../src/dashboard/state.ts';
import type {MouseAction, MouseEvent} from '../../src/screen/input-events.ts';
import {createTtyOut} from '../../src/screen/tty-out.ts';
import {openHarness} from '../screen/tui-harness.ts';
import {full, type} from './state-for-tests.ts';

const at = (action: MouseAction, column: number, row: number, button: MouseEvent['button'] = 'left'): MouseEvent => ({
  type: 'mouse',
  action,
  button,
  column,
  row,
  shift: false,
  alt: false,
  ctrl: false,
});

/** A screen on which every cell says its column's last figure, and what was copied from it. */
function open(state: State) {
  const harness = openHarness({columns: 120, rows: 40});
  const out = createTtyOut({stdout: harness.stdout, env: {}, colours: 'truecolor'});
  onTestFinished(() => {
    out.close();
    harness[Symbol.dispose]();
  });
  const line = '0123456789'.repeat(12);
  const region = {left: 0, top: 0, columns: 120, rows: 40};
  out.setOverlay('all', {region, paint: canvas => region.rows && Array.from({length: 40}, (_, row) => canvas.text(0, row, line))});
  const copied: string[] = [];
  const dragging = createDragging({out, state: () => state, copy: text => copied.push(text)});
  const inverse = async () => (await harness.cells()).flat().filter(cell => cell.inverse).length;
  return {out, dragging, copied, inverse, harness};
}

test('what is dragged over is marked, copied when the button is let go, and plain again after the next key', async () => {
  const {out, dragging, copied, inverse, harness} = open(type(full(), '5').state);
  await out.flushed();
  dragging.mouse(at('press', 10, 5));
  dragging.mouse(at('drag', 14, 5));
  await vi.waitFor(async () => expect(await inverse()).toBe(5), 10_000);
  dragging.mouse(at('drag', 3, 6));
  dragging.mouse(at('release', 3, 6));
  expect(copied).toEqual([`${'0123456789'.repeat(11)}\n0123`]);
  out.paintSoon();
  await vi.waitFor(async () => expect(await inverse()).toBe(114), 10_000);
  dragging.end();
  await vi.waitFor(async () => expect(await inverse()).toBe(0), 10_000);
  harness.obeys();
});

test('of two panes side by side only the one it began in comes along', async () => {
  const {out, dragging, copied} = open(full());
  await out.flushed();
  dragging.mouse(at('press', 60, 5));
  dragging.mouse(at('drag', 64, 7));
  dragging.mouse(at('release', 64, 7));
  const [first = '', second = ''] = copied[0]?.split('\n') ?? [];
  expect(first).toHaveLength(60);
  expect(second.length).toBeLessThan(80);
  expect(second.endsWith('789')).toBe(true);
});

test('a click, another button and the wheel copy nothing', async () => {
  const {out, dragging, copied, inverse} = open(full());
  await out.flushed();
  for (const event of [at('press', 5, 5), at('release', 5, 5), at('press', 5, 5, 'right'), at('drag', 9, 9, 'right'), at('release', 9, 9)])
    dragging.mouse(event);
  dragging.mouse(at('wheel-up', 5, 5, 'none'));
  expect(copied).toEqual([]);
  expect(await inverse()).toBe(0);
});
