import {describe, expect, it} from 'vitest';
import {PassedThrough} from '../../src/tty/passed-through.ts';

const E = '\u001b';
const take = (text: string, answers = true) => new PassedThrough().take(Buffer.from(text), answers).toString();

describe('output on its way to a person’s terminal', () => {
  it('keeps what draws, and loses what would reach beyond the screen', () => {
    const drawing = `${E}[31mred${E}[0m ${E}[2J${E}[?1049h\u0007`;
    expect(take(drawing)).toBe(drawing);
    expect(take(`a${E}]52;c;aGk=\u0007b${E}]0;title\u0007c${E}P+p1${E}\\d${E}]1337;x\u0007e`)).toBe('abcde');
  });

  it('has its questions only where the answer counts', () => {
    expect(take(`x${E}[6ny`)).toBe(`x${E}[6ny`);
    expect(take(`x${E}[6ny${E}[c`, false)).toBe('xy');
  });

  it('is held back within a sequence, however it is cut', () => {
    const passed = new PassedThrough();
    const text = `a${E}]52;c;aGk=\u0007b${E}[1mc`;
    const parts = [...Buffer.from(text)].map(byte => passed.take(Buffer.from([byte]), true).toString());
    expect(parts.join('')).toBe(`ab${E}[1mc`);
  });

  it('gives the terminal back from the other screen, only if it is there', () => {
    const passed = new PassedThrough();
    expect(passed.reset()).not.toContain('1049');
    passed.take(Buffer.from(`${E}[?1049h`), true);
    expect(passed.reset()).toContain(`${E}[?1049l`);
    expect(passed.reset()).not.toContain('1049');
  });
});
