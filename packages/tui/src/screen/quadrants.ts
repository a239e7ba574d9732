import {parts, rgb} from './style.ts';

export interface Quadrants {
  readonly text: string;
  readonly foreground: number;
  readonly background: number;
}

/** By which of upper left, upper right, lower left and lower right (bits 1, 2, 4, 8) are in front. */
const blocks = ' ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█';

/**
 * Four colours as the two that are nearest to them. The two that are farthest apart decide which of the others goes with
 * which; each pair is then its mean. A colour of -1 is not of the picture, and stays the terminal's own.
 */
export function quadrantsOf(colours: readonly [number, number, number, number]): Quadrants {
  const inside = colours.filter(colour => colour >= 0);
  if (inside.length < colours.length) return atTheEdge(colours, meanOf(inside));
  const [one, other] = farthest(colours);
  if (one === other) return {text: ' ', foreground: -1, background: one};
  const front = colours.map(colour => apart(colour, one) < apart(colour, other));
  const bits = front.reduce((all, isFront, at) => all | (isFront ? 1 << at : 0), 0);
  const of = (isFront: boolean) => meanOf(colours.filter((_, at) => front[at] === isFront));
  return {text: blocks[bits]!, foreground: of(true), background: of(false)};
}

function atTheEdge(colours: readonly number[], foreground: number): Quadrants {
  const bits = colours.reduce((all, colour, at) => all | (colour >= 0 ? 1 << at : 0), 0);
  return {text: blocks[bits]!, foreground, background: -1};
}

function farthest(colours: readonly number[]): readonly [number, number] {
  let found: readonly [number, number] = [colours[0]!, colours[0]!];
  let most = 0;
  for (const [at, one] of colours.entries())
    for (const other of colours.slice(at + 1)) {
      const far = apart(one, other);
      if (far > most) [most, found] = [far, [one, other]];
    }
  return found;
}

function apart(one: number, other: number): number {
  if (one === other) return 0;
  const [red, green, blue] = parts(one);
  const [r, g, b] = parts(other);
  return (red - r) ** 2 * 3 + (green - g) ** 2 * 6 + (blue - b) ** 2;
}

function meanOf(colours: readonly number[]): number {
  const mean = (part: 0 | 1 | 2) => Math.round(colours.reduce((sum, colour) => sum + parts(colour)[part], 0) / colours.length);
  return rgb(mean(0), mean(1), mean(2));
}
