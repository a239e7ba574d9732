import {expect, test} from 'vitest';
import {livePanes} from '../../src/dashboard/panes.ts';
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
