import fc from 'fast-check';
import {expect, test} from 'vitest';
import {Redactor} from '../../src/session-host/redactor.ts';

function through(redactor: Redactor, chunks: readonly Uint8Array[]): string {
  return Buffer.concat([...chunks.map(chunk => redactor.push(chunk)), redactor.flush()]).toString('latin1');
}

test('a value is masked with as many stars, wherever the chunks are cut', () => {
  fc.assert(
    fc.property(
      fc.string({minLength: 6, maxLength: 20}),
      fc.uint8Array({maxLength: 40}),
      fc.uint8Array({maxLength: 40}),
      fc.array(fc.nat(100), {maxLength: 6}),
      (value, before, after, cuts) => {
        const whole = Buffer.concat([before, Buffer.from(value), after]);
        const at = [0, ...cuts.map(cut => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        const masked = through(new Redactor([value]), chunks);
        expect(masked.length).toBe(whole.length);
        expect(masked.includes(Buffer.from(value).toString('latin1'))).toBe(/^\*+$/.test(value));
      },
    ),
  );
});

test('base64 and URL-encoded forms of a value are masked at every alignment', () => {
  const value = 'p@ss word/with+signs';
  for (const prefix of ['', 'a', 'ab', 'abc']) {
    const masked = through(new Redactor([value]), [Buffer.from(Buffer.from(`${prefix}${value}tail`).toString('base64'))]);
    expect(Buffer.from(masked.replaceAll('*', ''), 'base64').toString('latin1')).not.toContain('word');
    expect(masked).toMatch(/\*{20,}/);
  }
  expect(through(new Redactor([value]), [Buffer.from(encodeURIComponent(value))])).toMatch(/^\*+$/);
});

test('values too short to be told from ordinary text are left alone', () => {
  expect(through(new Redactor(['abc']), [Buffer.from('abcabc')])).toBe('abcabc');
});
