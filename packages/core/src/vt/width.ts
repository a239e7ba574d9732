import type {Terminal} from '@xterm/headless';
import {wideRanges} from './wide-ranges.ts';

/** Whether a code point takes two columns. */
export function isWide(code: number): boolean {
  if (code < wideRanges[0]!) return false;
  let [low, high] = [0, wideRanges.length / 2 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code > wideRanges[middle * 2 + 1]!) low = middle + 1;
    else if (code < wideRanges[middle * 2]!) high = middle - 1;
    else return true;
  }
  return false;
}

/** Columns of one code point as programs reckon them (wcwidth), and with them nearly every terminal. */
export const cellWidth = (code: number): 0 | 1 | 2 => {
  if (code < 0x300) return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : 1;
  if (isWide(code)) return 2;
  return isJoined.test(String.fromCodePoint(code)) ? 0 : 1;
};

/** Marks, characters of format, and the vowels and tails that complete a Korean syllable. */
const isJoined = /[\p{Nonspacing_Mark}\p{Enclosing_Mark}\p{Format}\u1160-\u11ff]/u;

type Unicode = Parameters<Terminal['unicode']['register']>[0];

/** For the emulator, whose own table is of a time when emoji were narrow. */
export const widths: Unicode = {
  version: 'boxyard',
  wcwidth: cellWidth,
  charProperties(code, before) {
    const width = cellWidth(code);
    const widthBefore = (before >> 1) & 3;
    const joins = width === 0 && widthBefore > 0;
    return ((joins ? widthBefore : width) << 1) | (joins ? 1 : 0);
  },
};
