import {partsOf} from './downgrade.ts';
import {attribute, isTrue, parts, type Style} from './style.ts';

export interface DrawnCell {
  readonly text: string;
  readonly width: number;
  readonly style: Style;
}

/** A screenful as a picture for a page: each character in its own place, whatever the reader's font makes of its width. */
export function drawSvg(columns: number, rows: number, cellAt: (column: number, row: number) => DrawnCell | undefined): string {
  const [width, height] = [columns * cell.width + 16, rows * cell.height + 16];
  const lines = Array.from({length: rows}, (_, row) => drawLine(columns, row, cellAt)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${cell.font}">
<rect width="100%" height="100%" rx="6" fill="${ground.back}"/>
${lines}
</svg>
`;
}

const cell = {width: 8.4, height: 18, font: 14};
const ground = {text: '#c5c8c6', back: '#1d1f21'};
const palette = [
  '#1d1f21',
  '#cc6666',
  '#b5bd68',
  '#f0c674',
  '#81a2be',
  '#b294bb',
  '#8abeb7',
  '#c5c8c6',
  '#7f8386',
  '#d54e53',
  '#b9ca4a',
  '#e7c547',
  '#7aa6da',
  '#c397d8',
  '#70c0b1',
  '#eaeaea',
];

function drawLine(columns: number, row: number, cellAt: (column: number, row: number) => DrawnCell | undefined): string {
  const drawn: string[] = [];
  for (let column = 0; column < columns; column += 1) {
    const at = cellAt(column, row);
    if (at !== undefined && at.width > 0) drawn.push(drawCell(8 + column * cell.width, 8 + row * cell.height, at));
  }
  return drawn.join('');
}

function drawCell(x: number, y: number, {text, width, style}: DrawnCell): string {
  const colours = [hex(style.foreground, ground.text), hex(style.background, ground.back)];
  if ((style.attributes & attribute.inverse) !== 0) colours.reverse();
  const [fore, back] = colours;
  const area = `x="${x.toFixed(1)}" y="${y}" width="${(cell.width * width).toFixed(1)}" height="${cell.height}"`;
  const behind = back === ground.back ? '' : `<rect shape-rendering="crispEdges" ${area} fill="${back}"/>`;
  if (text.trim() === '') return behind;
  const bold = (style.attributes & attribute.bold) === 0 ? '' : ' font-weight="bold"';
  const dim = (style.attributes & attribute.dim) === 0 ? '' : ' opacity="0.6"';
  return `${behind}<text x="${x.toFixed(1)}" y="${y + cell.font}" fill="${fore}"${bold}${dim}>${escape(text)}</text>`;
}

function hex(colour: number, own: string): string {
  if (colour < 0) return own;
  if (colour < 16) return palette[colour]!;
  return `#${(isTrue(colour) ? parts(colour) : partsOf(colour)).map(part => part.toString(16).padStart(2, '0')).join('')}`;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
