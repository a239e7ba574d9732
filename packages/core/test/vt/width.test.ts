import {expect, test} from 'vitest';
import {openScreen} from '../../src/vt/screen.ts';
import {cellWidth} from '../../src/vt/width.ts';

test.each([
  ['a', 1],
  ['é', 1],
  ['│', 1],
  ['✔', 1],
  ['日', 2],
  ['한', 2],
  ['🔴', 2],
  ['⏳', 2],
  ['🏽', 2],
  ['\u0301', 0],
  ['\u200d', 0],
  ['\ufe0f', 0],
  ['\u1161', 0],
  ['\u00ad', 1],
  ['\u0007', 0],
] as const)('%s takes %i', (character, width) => {
  expect(cellWidth(character.codePointAt(0)!)).toBe(width);
});

test('the emulator puts what follows an emoji where a program expects it', async () => {
  const screen = openScreen({columns: 10, rows: 2}, 0);
  await new Promise<void>(resolve => screen.write('🔴e\u0301x⏳\r\n\u001b[4C|', resolve));
  const line = screen.buffer.active.getLine(0)!;
  const cells = Array.from({length: 6}, (_, column) => line.getCell(column)!.getChars());
  expect(cells).toEqual(['🔴', '', 'e\u0301', 'x', '⏳', '']);
  screen.dispose();
});
