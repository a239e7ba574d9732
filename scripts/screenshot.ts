/**
 * Draws what a program shows on a terminal as an SVG: `node scripts/screenshot.ts OUT.svg [COLUMNSxROWS] [SECONDS] -- COMMAND…`.
 * The README's screens are made with it, from the real program in a real PTY.
 */
import {writeFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import pty from '@lydell/node-pty';
import headless from '@xterm/headless';

const cell = {width: 8.4, height: 18, font: 14};
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
const ground = {text: '#c5c8c6', back: '#1d1f21'};

const [out, size = '110x32', seconds = '5'] = process.argv.slice(2, process.argv.indexOf('--'));
const command = process.argv.slice(process.argv.indexOf('--') + 1);
if (out === undefined || command.length === 0) throw new Error('node scripts/screenshot.ts OUT.svg [COLUMNSxROWS] [SECONDS] -- COMMAND…');
const [columns = 110, rows = 32] = size.split('x').map(Number);

const terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true});
const {NO_COLOR: _, ...env} = process.env;
const child = pty.spawn(command[0]!, command.slice(1), {cols: columns, rows, name: 'xterm-256color', env: {...env, FORCE_COLOR: '1'}});
child.onData(data => terminal.write(data));
terminal.onData(answer => child.write(answer));
await delay(Number(seconds) * 1_000);
await new Promise<void>(resolve => terminal.write('', resolve));
writeFileSync(out, draw());
child.kill('SIGTERM');

function draw(): string {
  const [width, height] = [columns * cell.width + 16, rows * cell.height + 16];
  const lines = Array.from({length: rows}, (_, row) => drawLine(row)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${cell.font}">
<rect width="100%" height="100%" rx="6" fill="${ground.back}"/>
${lines}
</svg>
`;
}

function drawLine(row: number): string {
  const line = terminal.buffer.active.getLine(row);
  const parts: string[] = [];
  for (let column = 0; line !== undefined && column < columns; column++) {
    const at = line.getCell(column);
    if (at === undefined || at.getWidth() === 0) continue;
    const colours = [at.isFgDefault() ? ground.text : colour(at.getFgColor()), at.isBgDefault() ? ground.back : colour(at.getBgColor())];
    if (at.isInverse()) colours.reverse();
    parts.push(
      drawCell({
        x: 8 + column * cell.width,
        y: 8 + row * cell.height,
        text: at.getChars(),
        wide: at.getWidth(),
        colours,
        bold: at.isBold() > 0,
        dim: at.isDim() > 0,
      }),
    );
  }
  return parts.join('');
}

interface Drawn {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly wide: number;
  readonly colours: readonly string[];
  readonly bold: boolean;
  readonly dim: boolean;
}

function drawCell({x, y, text, wide, colours: [fore, back], bold, dim}: Drawn): string {
  const behind =
    back === ground.back
      ? ''
      : `<rect shape-rendering="crispEdges" x="${x.toFixed(1)}" y="${y}" width="${(cell.width * wide).toFixed(1)}" height="${cell.height}" fill="${back}"/>`;
  if (text.trim() === '') return behind;
  const style = `${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}`;
  return `${behind}<text x="${x.toFixed(1)}" y="${y + cell.font}" fill="${fore}"${style}>${escape(text)}</text>`;
}

function colour(index: number): string {
  if (index < 16) return palette[index]!;
  if (index < 256) return index < 232 ? cube(index - 16) : `#${(8 + (index - 232) * 10).toString(16).padStart(2, '0').repeat(3)}`;
  return `#${index.toString(16).padStart(6, '0')}`;
}

function cube(index: number): string {
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40).toString(16).padStart(2, '0');
  return `#${level(Math.floor(index / 36))}${level(Math.floor(index / 6) % 6)}${level(index % 6)}`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
