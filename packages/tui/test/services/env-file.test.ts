import {expect, test} from 'vitest';
import {parseEnvFile} from '../../src/services/env-file.ts';

const parse = (text: string, env = {}) => parseEnvFile(text, 'x.env', env);

test('takes names and values, skips comments and empty lines', () => {
  expect(parse('# note\n\nA=1\nexport B = two words \r\nC=a=b#c\n')).toEqual({A: '1', B: 'two words', C: 'a=b#c'});
});

test('quotes keep what is inside; double ones know escapes', () => {
  expect(parse(`A="a\\nb \\"c\\" \\\\"\nB='a\\nb'\nC=""`)).toEqual({A: 'a\nb "c" \\', B: 'a\\nb', C: ''});
});

test('a bare name takes the value it has here', () => {
  expect(parse('HOME\nMISSING', {HOME: '/root'})).toEqual({HOME: '/root'});
});

test('a line that is none is named', () => {
  expect(() => parse('A=1\nnot a name=2')).toThrow(/x\.env:2/);
  expect(() => parse('A="open')).toThrow(/not closed/);
});
