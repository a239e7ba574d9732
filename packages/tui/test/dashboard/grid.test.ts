import {expect, test} from 'vitest';
import {bodyArea, tilesAcross} from '../../src/dashboard/layout.ts';
import {livePanes} from '../../src/dashboard/panes.ts';
import {cursorOf} from '../../src/dashboard/rows.ts';
import {empty, happen, session, told, type, whole} from './state-for-tests.ts';

const names = Array.from({length: 20}, (_, i) => String(i).padStart(2, '0'));
const grid = type(
  happen(
    empty(200, 60),
    told(
      whole(
        'jobs',
        names.map(name => session(name, 'busy', {name})),
      ),
    ),
  ).state,
  '#',
).state;

test('sixteen screens side by side keep little above them; the one on the whole screen and the one typed into keep it all', () => {
  expect(livePanes(grid)).toHaveLength(16);
  expect(Math.max(...livePanes(grid).map(pane => pane.scrollback))).toBeLessThanOrEqual(200);
  expect(livePanes(type(grid, '+').state)).toMatchObject([{job: 'j-00', scrollback: 5_000}]);
  const taken = livePanes(type(grid, 'enter').state);
  expect(taken.filter(pane => pane.scrollback === 5_000)).toMatchObject([{job: 'j-00', isCaptured: true}]);
});

test('arrows go to the tile beside, above and below, and stay at an edge', () => {
  const across = tilesAcross(bodyArea(grid), 16);
  const at = (...keys: readonly string[]) => cursorOf(type(grid, ...keys).state);
  expect(across).toBeGreaterThan(2);
  expect(at('right')).toBe('j-01');
  expect(at('right', 'left')).toBe('j-00');
  expect(at('down')).toBe(`j-0${across}`);
  expect(at('down', 'up')).toBe('j-00');
  expect(at('right', 'up')).toBe('j-01');
});

test('more than sixteen are on the next page, which the cursor leads to', () => {
  const last = type(grid, 'G').state;
  expect(cursorOf(last)).toBe('j-19');
  expect(livePanes(last).map(pane => pane.job)).toEqual(['j-16', 'j-17', 'j-18', 'j-19']);
  const below = type(grid, 'down', 'down', 'down', 'down', 'down', 'down').state;
  expect(livePanes(below).map(pane => pane.job)).toContain(cursorOf(below));
});
