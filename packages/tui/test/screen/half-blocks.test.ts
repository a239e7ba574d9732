import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {Grid} from '../../src/screen/cells.ts';
import {steadyColour} from '../../src/screen/downgrade.ts';
import {drawPicture} from '../../src/screen/half-blocks.ts';
import {rgb} from '../../src/screen/style.ts';
import {fitted, panned, pixelUnder, type Picture} from '../../src/screen/viewport.ts';

const RED = 0x0000ff;
const BLUE = 0xff0000;

function picture(width: number, height: number, pixel: (x: number, y: number) => number): Picture {
  return {width, height, pixels: Uint32Array.from({length: width * height}, (_, at) => pixel(at % width, Math.floor(at / width)))};
}
const whole = ({width, height}: Picture) => [{x: 0, y: 0, width, height}];

test('two pixels are one cell: the upper in front, the lower behind, and one colour is a blank', () => {
  const grid = new Grid(2, 1);
  const small = picture(2, 2, (x, y) => (x === 0 ? [RED, BLUE][y]! : BLUE));
  drawPicture(grid, small, fitted(small, grid), {changed: whole(small)});
  expect([grid.chars[0], grid.styleAt(0)]).toEqual(['▀', {foreground: rgb(255, 0, 0), background: rgb(0, 0, 255), attributes: 0}]);
  expect([grid.chars[1], grid.styleAt(1).background]).toEqual([' ', rgb(0, 0, 255)]);
});

test('a picture that is larger is averaged, one that is smaller stays as it is, in the middle', () => {
  const grid = new Grid(10, 5);
  const large = picture(20, 20, x => (x % 2 === 0 ? 0 : 0xffffff));
  drawPicture(grid, large, fitted(large, grid), {changed: whole(large)});
  expect(grid.styleAt(11).background).toBe(rgb(128, 128, 128));
  expect(fitted({width: 4, height: 2}, grid)).toMatchObject({
    left: 3,
    top: 4,
    width: 4,
    height: 2,
    from: {x: 0, y: 0, width: 4, height: 2},
  });
});

test('an odd number of rows leaves the lowest half cell to the terminal', () => {
  const grid = new Grid(1, 2);
  const odd = picture(1, 3, () => RED);
  drawPicture(grid, odd, fitted(odd, grid), {changed: whole(odd)});
  expect(grid.styleAt(1)).toEqual({foreground: rgb(255, 0, 0), background: -1, attributes: 0});
});

test('one to one shows a part, which never leaves the picture', () => {
  const room = {columns: 10, rows: 5};
  expect(panned({width: 100, height: 50}, room, {x: 95, y: -7}).from).toEqual({x: 90, y: 0, width: 10, height: 10});
  expect(panned({width: 4, height: 4}, room, {x: 3, y: 3}).from).toEqual({x: 0, y: 0, width: 4, height: 4});
});

describe('whatever the sizes', () => {
  const side = fc.integer({min: 1, max: 60});
  const sizes = fc.record({width: side, height: side, columns: side, rows: side});

  test('what changed is drawn exactly as if all were', () => {
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.integer({min: 0, max: 0xffffff})), ({width, height, columns, rows}, colours) => {
        const before = picture(width, height, () => 0x102030);
        const changed = {x: width >> 1, y: height >> 2, width: Math.max(1, width >> 2), height: Math.max(1, height >> 1)};
        const isInside = (x: number, y: number) =>
          x >= changed.x && x < changed.x + changed.width && y >= changed.y && y < changed.y + changed.height;
        const after = picture(width, height, (x, y) => (isInside(x, y) ? (colours.next().value as number) : 0x102030));
        const view = fitted(before, {columns, rows});
        const [parts, all] = [new Grid(columns, rows), new Grid(columns, rows)];
        drawPicture(parts, before, view, {changed: whole(before)});
        drawPicture(parts, after, view, {changed: [changed]});
        drawPicture(all, after, view, {changed: whole(after)});
        expect(parts).toEqual(all);
      }),
    );
  });

  test('every cell of the picture is over a pixel of it, and none beside it is', () => {
    fc.assert(
      fc.property(sizes, side, side, ({width, height, columns, rows}, column, row) => {
        const view = fitted({width, height}, {columns, rows});
        const at = pixelUnder(view, column, row);
        if (at === undefined) return;
        expect(at.x >= 0 && at.x < width && at.y >= 0 && at.y < height).toBe(true);
      }),
    );
  });
});

test('without colours it is letters by brightness', () => {
  const grid = new Grid(3, 1);
  const shades = picture(3, 2, x => [0, 0x808080, 0xffffff][x]!);
  drawPicture(grid, shades, fitted(shades, grid), {changed: whole(shades), marks: 'letters'});
  expect(grid.chars.join('')).toBe(' =@');
});

test.each(['256', '16'] as const)('in %s colours one that changes a little stays as it is shown, one that changes much does not', tier => {
  const grid = new Grid(1, 1);
  const shown = (colour: number) => {
    const small = picture(1, 2, () => colour);
    drawPicture(grid, small, fitted(small, grid), {changed: whole(small), steady: steadyColour(tier)});
    return grid.styleAt(0).background;
  };
  const grey = shown(0x6e6e6e);
  const others = [0x707070, 0x717171, 0x6a6a6a, 0x6e6e6e].map(shown);
  expect(new Set([grey, ...others])).toEqual(new Set([grey]));
  expect(shown(0x0000e0)).not.toBe(grey);
  expect(shown(0x6e6e6e)).toBe(grey);
});

test('colours of a palette are told once, however the true ones waver', () => {
  const steady = steadyColour('256')!;
  let colour = steady(rgb(115, 115, 115), -1);
  let changes = 0;
  for (let at = 0; at < 100; at += 1) {
    const next = steady(rgb(115 + (at % 3), 115, 115 - (at % 2)), colour);
    changes += Number(next !== colour);
    colour = next;
  }
  expect(changes).toBe(0);
});
