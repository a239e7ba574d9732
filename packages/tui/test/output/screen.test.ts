import {expect, test} from 'vitest';
import {frame, openScreen} from '../../src/output/screen.ts';

const plain = (lines: readonly string[]) => lines.map(line => line.replace('\u001b[K', ''));

test('a frame has no more lines than the terminal, says how many are missing, and keeps its foot', () => {
  const text = 'a\nb\nc\nd\n';
  expect(plain(frame(text, '', 10))).toEqual(['a', 'b', 'c', 'd']);
  expect(plain(frame(text, '', 3))).toEqual(['a', 'b', '… 2 more']);
  expect(plain(frame(text, 'away', 4))).toEqual(['a', 'b', '… 2 more', 'away']);
});

test('a frame is drawn over the last without clearing it, and closing brings the terminal back as it was', () => {
  const written: string[] = [];
  const screen = openScreen({write: text => written.push(String(text)) > 0, rows: 5});
  screen.show('a\n', '');
  screen.close();
  expect(written[0]).toContain('\u001b[?1049h');
  expect(written[1]).not.toContain('\u001b[2J');
  expect(written[2]).toBe('\u001b[?7h\u001b[?25h\u001b[?1049l');
});
