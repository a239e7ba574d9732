import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {MOST_HELD, VtTokens, type VtToken} from '../../src/vt/index.ts';

const tokensOf = (text: string | Buffer, cuts: readonly number[] = []): VtToken[] => {
  const bytes = Buffer.from(text as string);
  const tokens = new VtTokens();
  const all: VtToken[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = cuts.length === 0 ? bytes.length : cuts[index % cuts.length]!;
    all.push(...tokens.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return all;
};

/** Neighbouring plain parts as one, for they may come in any. */
const joined = (tokens: readonly VtToken[]): string[] => {
  const all: string[] = [];
  for (const {is, raw} of tokens) {
    const text = `${is} ${raw.toString('latin1')}`;
    const last = all.at(-1);
    if (is === 'plain' && last?.startsWith('plain ')) all[all.length - 1] = last + raw.toString('latin1');
    else all.push(text);
  }
  return all;
};

const shape = (text: string) => tokensOf(text).map(({is}) => is);

describe('a terminal’s output', () => {
  it('is cut into text, bells and sequences', () => {
    expect(shape('hi\u0007\u001b[31mred\u001b]0;t\u0007\u001bPq\u001b\\\u001b7')).toEqual([
      'plain',
      'bell',
      'csi',
      'plain',
      'osc',
      'string',
      'esc',
    ]);
    expect(tokensOf('\u001b[?1049;2$h')[0]).toMatchObject({is: 'csi', marker: '?', params: '1049;2', inner: '$', final: 'h'});
    expect(tokensOf('\u001b]2;über\u001b\\')[0]).toMatchObject({is: 'osc', text: '2;über'});
    expect(tokensOf('\u001b_Gi=1\u001b\\')[0]).toMatchObject({is: 'string', introducer: '_', text: 'Gi=1'});
    expect(shape('\u001b(B')).toEqual(['esc']);
  });

  it('knows the eight-bit forms, as characters, and does not take other characters for them', () => {
    expect(shape('\u009b31mx\u009d0;t\u009cy\u0090q\u009c')).toEqual(['csi', 'plain', 'osc', 'plain', 'string']);
    expect(shape('é ñ ©')).toEqual(['plain']);
    expect(shape('\u001b]0;©é\u0007')).toEqual(['osc']);
  });

  it('has a bell only where a BEL stands by itself', () => {
    expect(shape('\u001bPabc\u0007def\u001b\\')).toEqual(['string']);
    expect(shape('\u001b_abc\u0007\u001b\\')).toEqual(['string']);
    expect(shape('\u001b]9;x\u0007\u0007')).toEqual(['osc', 'bell']);
  });

  it('goes on behind what is broken off', () => {
    expect(shape('\u001b[3\u001b[1mx')).toEqual(['broken', 'csi', 'plain']);
    expect(shape('\u001b]0;t\u001b[1mx')).toEqual(['broken', 'csi', 'plain']);
    expect(shape('\u001b[3\u0018x')).toEqual(['broken', 'plain']);
    expect(shape('\u001b]0;t\u001b]0;u\u0007')).toEqual(['broken', 'osc']);
  });

  it('holds a sequence back until it is whole, and a long one only so far', () => {
    const tokens = new VtTokens();
    expect(tokens.push(Buffer.from('a\u001b[3')).map(({is}) => is)).toEqual(['plain']);
    expect(tokens.pending).toBe(3);
    expect(tokens.push(Buffer.from('1m')).map(({is}) => is)).toEqual(['csi']);
    expect(tokens.pending).toBe(0);
    tokens.push(Buffer.from('\u001bP'));
    expect(tokens.push(Buffer.alloc(MOST_HELD, 'x')).map(({is}) => is)).toEqual(['broken']);
    expect(tokens.push(Buffer.from('yz\u001b')).length).toBe(0);
    expect(tokens.push(Buffer.from('\\after')).map(({is}) => is)).toEqual(['broken', 'plain']);
  });

  const parts = fc.array(
    fc.oneof(
      fc.constantFrom(
        '\u001b',
        '\u001b[',
        '\u001b]',
        '\u001bP',
        '\u001b_',
        '\u001b\\',
        '\u0007',
        '\u0018',
        '\u009b',
        '\u009d',
        '\u009c',
        'm',
        '0;t',
        '$',
        'é',
        '😀',
        'text\r\n',
        '(',
      ),
      fc.string({maxLength: 5}),
    ),
    {maxLength: 40},
  );

  it('gives the same tokens and loses no byte, however it is cut', () => {
    fc.assert(
      fc.property(parts, fc.array(fc.integer({min: 1, max: 7}), {minLength: 1, maxLength: 8}), (some, cuts) => {
        const bytes = Buffer.from(some.join(''));
        const whole = tokensOf(bytes);
        expect(joined(tokensOf(bytes, cuts))).toEqual(joined(whole));
        const length = whole.reduce((sum, {raw}) => sum + raw.length, 0);
        expect(Buffer.concat(whole.map(({raw}) => raw))).toEqual(bytes.subarray(0, length));
      }),
      {numRuns: 2_000},
    );
  });

  it('takes bytes that are no text without losing any', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 200}), fc.array(fc.integer({min: 1, max: 9}), {minLength: 1}), (bytes, cuts) => {
        const tokens = new VtTokens();
        const seen: Buffer[] = [];
        for (let at = 0, index = 0; at < bytes.length; index += 1) {
          const size = cuts[index % cuts.length]!;
          for (const {raw} of tokens.push(bytes.subarray(at, at + size))) seen.push(Buffer.from(raw));
          at += size;
        }
        expect(Buffer.concat(seen).length + tokens.pending).toBe(bytes.length);
        expect(Buffer.concat(seen)).toEqual(Buffer.from(bytes.subarray(0, bytes.length - tokens.pending)));
      }),
    );
  });
});
