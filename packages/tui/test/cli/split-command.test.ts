import {expect, test} from 'vitest';
import {splitCommand} from '../../src/cli/split-command.ts';

const flags = [
  {name: 'interactive', char: 'i', takesValue: false},
  {name: 'image', takesValue: true},
  {name: 'env', char: 'e', takesValue: true},
];
const split = (line: string, words: number) => splitCommand(line.split(' '), flags, words);

test('what follows -- is kept as it is, also when words repeat', () => {
  expect(split('-i --image x -- echo a b a --image', 0)).toEqual({
    own: ['-i', '--image', 'x'],
    command: ['echo', 'a', 'b', 'a', '--image'],
  });
});

test('the first plain word begins the command where there is no --', () => {
  expect(split('--image x echo -n hi', 0)).toEqual({own: ['--image', 'x'], command: ['echo', '-n', 'hi']});
  expect(split('-e A=1 web ls -e', 1)).toEqual({own: ['-e', 'A=1', 'web'], command: ['ls', '-e']});
});

test('values that are part of the flag take no further word', () => {
  expect(split('--image=x -eA=1 -ie B=2 echo', 0)).toEqual({own: ['--image=x', '-eA=1', '-ie', 'B=2'], command: ['echo']});
});
