import {createRequire} from 'node:module';
import fc from 'fast-check';
import {beforeAll, expect, test} from 'vitest';
import {clip, clusters, pad, textWidth} from '../../src/output/width.ts';

/** The copy that Ink itself measures with. */
let inksWidth: (text: string) => number;
beforeAll(async () => {
  const fromInk = createRequire(createRequire(import.meta.url).resolve('ink'));
  ({default: inksWidth} = (await import(fromInk.resolve('string-width'))) as {default: typeof inksWidth});
});

test('every single character is as wide as Ink takes it', () => {
  const differing: string[] = [];
  // Within the large blocks of ideographs and syllables, and behind all that is assigned, every 64th says enough.
  const step = (code: number) => ((code > 0x4e00 && code < 0xd700) || code > 0x20000 ? 64 : 1);
  for (let code = 0; code <= 0x10ffff; code += step(code)) {
    // Escape sequences are for whoever draws.
    if (code === 0x1b || code === 0x9b) continue;
    const character = String.fromCodePoint(code);
    if (textWidth(character) !== inksWidth(character)) differing.push(code.toString(16));
  }
  expect(differing).toEqual([]);
});

test.each([
  'plain',
  '日本語とﾊﾝｶｸ',
  'ﾊﾞﾋﾟｰ',
  '한국어 각 ᄀᄀ각 ᄀ가',
  'e\u0301a\u0300\u0301o',
  '🔴 ⏳ ⚠️ ⚠ ℹ️ ✔ ✖ ▲ ●',
  '👨‍👩‍👧‍👦 👩🏽‍💻 🏳️‍🌈 🇩🇪 🇩',
  '1️⃣ 1\u20e3 #\ufe0f\u20e3',
  'नमस्ते கொ',
  'العربية שָׁלוֹם',
  'a\u200bb\u200dc\ufeffd',
  '│╭─╮█░⣿',
  '\u0301',
  '1\u0301x1\u20e3x',
])('%s takes what Ink gives it', text => {
  expect(textWidth(text)).toBe(inksWidth(text));
});

test('any mixture of them does too', () => {
  const pieces = [
    'a',
    '1',
    '#',
    ' ',
    '│',
    'é',
    '日',
    '한',
    'ᄀ',
    'ᅡ',
    'ᆨ',
    '🔴',
    '👩',
    '\u200d',
    '\ufe0f',
    '\u0301',
    '\u20e3',
    'ﾞ',
    '🇩',
    '🏽',
    'ா',
    '\t',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), {maxLength: 12}), list => {
      const text = list.join('');
      expect(textWidth(text)).toBe(inksWidth(text));
      expect([...clusters(text)].map(cluster => cluster.text).join('')).toBe(text);
    }),
    {numRuns: 3_000},
  );
});

test('what is cut or filled up has exactly the width', () => {
  expect(clip('日本語', 5)).toBe('日本…');
  expect(clip('日本語', 4)).toBe('日…');
  expect(clip('👩🏽‍💻👩🏽‍💻', 3)).toBe('👩🏽‍💻…');
  expect(clip('abc', 0)).toBe('');
  expect(textWidth(pad('日本', 6))).toBe(6);
  expect(pad('日', 4, 'right')).toBe('  日');
});
