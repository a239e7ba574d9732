import {expect, test} from 'vitest';
import {editDistance, nearest} from '../../src/cli/suggest.ts';

test.each([
  ['jobz', 'jobs'],
  ['devbxoes', 'devboxes'],
  ['imgae', 'image'],
  ['tmieout', 'timeout'],
])('%s is a slip for %s', (typed, meant) => {
  expect(nearest(typed, ['jobs', 'devboxes', 'image', 'timeout', 'up'])).toBe(meant);
});

test('another first letter, or too much of it wrong, is no slip', () => {
  expect(nearest('xobs', ['jobs'])).toBeUndefined();
  expect(nearest('jam', ['jobs'])).toBeUndefined();
});

test('a swap of neighbours is one step', () => {
  expect(editDistance('ab', 'ba')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
});
