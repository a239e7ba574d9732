import {describe, expect, test} from 'vitest';
import {createLogFilter} from '../../src/output/log-text.ts';
import {safeLine, safeText} from '../../src/output/safe-text.ts';
import {payloads} from '../payloads.ts';

const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

describe('text that others wrote', () => {
  test.each(payloads)('$name cannot reach the terminal', ({bytes}) => {
    expect(safeText(`before ${bytes} after`)).not.toMatch(forbidden);
    expect(safeText(`before ${bytes} after`)).toMatch(/^before /);
    expect(safeLine(`a${bytes}\nb`)).not.toContain('\n');
  });

  test('plain text, newlines, tabs and other scripts stay as they are', () => {
    const text = 'häuser\n\tשלום 日本 🙂 é';
    expect(safeText(text)).toBe(text);
  });

  test('a carriage return that would hide text is made visible, one of a line end is dropped', () => {
    expect(safeText('good\rbad\r\nnext')).toBe('good␍bad\nnext');
  });

  test('nobody closing a sequence does not swallow the next line', () => {
    expect(safeText('\u001b]0;title\nnext')).toBe('\nnext');
  });
});

describe('a job’s output on a terminal', () => {
  const show = (...chunks: string[]) => {
    const filter = createLogFilter();
    return chunks.map(chunk => filter.write(Buffer.from(chunk))).join('') + filter.end();
  };

  test('keeps colours and the carriage return of progress bars', () => {
    expect(show('\u001b[31mred\u001b[0m 10%\r20%')).toBe('\u001b[31mred\u001b[0m 10%\r20%');
  });

  test.each(payloads)('drops $name, also when it is cut anywhere', ({bytes}) => {
    const text = `a${bytes}b`;
    for (let at = 1; at < text.length; at++) {
      const shown = show(text.slice(0, at), text.slice(at)).replaceAll(/\u001b\[[0-9;:]*m/g, '');
      expect(shown.replaceAll('\r', '')).not.toMatch(forbidden);
    }
  });

  test('puts characters together that were cut in the middle', () => {
    const bytes = Buffer.from('é日');
    const filter = createLogFilter();
    const shown = [...bytes].map(byte => filter.write(Buffer.from([byte]))).join('') + filter.end();
    expect(shown).toBe('é日');
  });
});
