import {expect, test} from 'vitest';
import {Grid} from '../../src/screen/cells.ts';
import {drawPicture} from '../../src/screen/half-blocks.ts';
import {quadrantsOf} from '../../src/screen/quadrants.ts';
import {rgb} from '../../src/screen/style.ts';
import {fitted} from '../../src/screen/viewport.ts';

const red = rgb(255, 0, 0);
const blue = rgb(0, 0, 255);

test.each([
  ['▘', '▟', [red, blue, blue, blue]],
  ['▞', '▚', [blue, red, red, blue]],
  ['▟', '▘', [blue, red, red, red]],
] as const)('two colours are the block %s in red or %s in blue', (inRed, inBlue, colours) => {
  const {text, foreground, background} = quadrantsOf(colours);
  expect([
    [inRed, red, blue],
    [inBlue, blue, red],
  ]).toContainEqual([text, foreground, background]);
});

test('one colour is a blank; of more than two each goes with the nearest, as their mean', () => {
  expect(quadrantsOf([red, red, red, red])).toEqual({text: ' ', foreground: -1, background: red});
  const {text, foreground, background} = quadrantsOf([rgb(250, 0, 0), rgb(240, 0, 0), blue, blue]);
  expect([text, foreground, background]).toEqual(['▀', rgb(245, 0, 0), blue]);
});

test('a picture is drawn with twice as many dots across as half blocks have, and ends in the middle of a cell', () => {
  const grid = new Grid(2, 1);
  const picture = {width: 3, height: 1, pixels: Uint32Array.of(0x0000ff, 0xff0000, 0x0000ff)};
  const view = fitted(picture, grid, {width: 2, height: 2});
  drawPicture(grid, picture, view, {changed: [{x: 0, y: 0, width: 3, height: 1}], marks: 'quadrants'});
  expect(grid.chars.join('')).toBe('▀▘');
  expect(grid.styleAt(1)).toEqual({foreground: red, background: -1, attributes: 0});
});
