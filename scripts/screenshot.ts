/**
 * Draws what a program shows on a terminal as an SVG: `node scripts/screenshot.ts OUT.svg [COLUMNSxROWS] [SECONDS] -- COMMAND…`.
 * The README's screens are made with it, from the real program in a real PTY.
 */
import {writeFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import pty from '@lydell/node-pty';
import headless from '@xterm/headless';
import {rgb, styleOf, type Attribute} from '../packages/tui/src/screen/style.ts';
import {drawSvg, type DrawnCell} from '../packages/tui/src/screen/svg.ts';

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
writeFileSync(out, drawSvg(columns, rows, cellAt));
child.kill('SIGTERM');

function cellAt(column: number, row: number): DrawnCell | undefined {
  const at = terminal.buffer.active.getLine(row)?.getCell(column);
  if (at === undefined) return undefined;
  const colour = (isDefault: boolean, isTrue: boolean, value: number) =>
    isDefault ? -1 : isTrue ? rgb(value >> 16, (value >> 8) & 255, value & 255) : value;
  const marks = [at.isBold() && 'bold', at.isDim() && 'dim', at.isInverse() && 'inverse'].filter(
    name => typeof name === 'string',
  ) as Attribute[];
  const foreground = colour(at.isFgDefault(), at.isFgRGB(), at.getFgColor());
  const background = colour(at.isBgDefault(), at.isBgRGB(), at.getBgColor());
  return {text: at.getChars(), width: at.getWidth(), style: styleOf({foreground, background}, ...marks)};
}
