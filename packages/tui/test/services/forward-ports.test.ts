import {expect, test} from 'vitest';
import {parseForward} from '../../src/services/forward-ports.ts';

test.each([
  ['3000', {port: 3000, local: 3000}],
  ['3000:8080', {port: 3000, local: 8080}],
  ['65535:0', {port: 65_535, local: 0}],
])('%s names a port to forward', (text, expected) => {
  expect(parseForward(text)).toEqual(expected);
});

test.each(['', '0', '65536', '3000:65536', '-1', '3000:', ':80', '1e3', '3000:80:90', ' 80', 'http'])('%j names none', text => {
  expect(() => parseForward(text)).toThrow(/PORT or PORT:LOCAL/);
});
