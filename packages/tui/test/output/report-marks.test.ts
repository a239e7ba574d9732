import fc from 'fast-check';
import {expect, test} from 'vitest';
import {createMarkFilter} from '../../src/output/report-marks.ts';

const mark = (text: string) => `\u001b]6973;${'*'.repeat(64)};${text}\u0007`;
const shown = (parts: readonly Uint8Array[]): string => {
  const filter = createMarkFilter();
  return Buffer.concat([...parts.map(part => filter.write(part)), filter.end()]).toString('latin1');
};

test('marks are left out wherever the bytes are cut, and nothing else is', () => {
  const all = Buffer.from(`a\u001b[1mb${mark('log;x')}\n${mark('result;{}')}${mark('')}\u001b]6973;no;\u0007 end\u001b]69`, 'latin1');
  fc.assert(
    fc.property(fc.array(fc.nat(all.length), {maxLength: 8}), cuts => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), all.length];
      expect(shown(at.slice(1).map((end, i) => all.subarray(at[i], end)))).toBe('a\u001b[1mb\n\u001b]6973;no;\u0007 end\u001b]69');
    }),
  );
});

test('a mark that never ends is shown as it came', () => {
  const begun = Buffer.from(mark('log;').slice(0, -1));
  expect(shown([begun])).toBe(begun.toString());
  expect(shown([begun, Buffer.alloc(100_000, 'x'), Buffer.from('y')])).toBe(`${begun.toString()}${'x'.repeat(100_000)}y`);
});
