/**
 * How a cell looks. A colour is -1 for the terminal's own, 0–255 of its palette, or `rgb(r, g, b)`; `attributes` are bits.
 * Plain numbers, compared by value: nothing is kept for each combination that was ever shown.
 */
export interface Style {
  readonly foreground: number;
  readonly background: number;
  readonly attributes: number;
}

export const attribute = {bold: 1, dim: 2, italic: 4, underline: 8, inverse: 16, hidden: 32, strike: 64} as const;
export type Attribute = keyof typeof attribute;

const TRUE = 0x1000000;
export const rgb = (red: number, green: number, blue: number): number => TRUE | (red << 16) | (green << 8) | blue;
export const isTrue = (colour: number): boolean => colour >= TRUE;
/** Red, green and blue of a colour made by `rgb`. */
export const parts = (colour: number): readonly [number, number, number] => [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];

export const plainStyle: Style = {foreground: -1, background: -1, attributes: 0};

/** `styleOf({foreground: 2}, 'bold', 'inverse')`. Make it once, outside of what paints. */
export function styleOf(colours: Partial<Pick<Style, 'foreground' | 'background'>>, ...names: readonly Attribute[]): Style {
  const attributes = names.reduce((bits, name) => bits | attribute[name], 0);
  return {foreground: colours.foreground ?? -1, background: colours.background ?? -1, attributes};
}

export const sameStyle = (a: Style, b: Style): boolean =>
  a.foreground === b.foreground && a.background === b.background && a.attributes === b.attributes;
