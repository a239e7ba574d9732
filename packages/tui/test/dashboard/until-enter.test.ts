import {PassThrough} from 'node:stream';
import {expect, test} from 'vitest';
import {untilEnter} from '../../src/dashboard/until-enter.ts';

const keyboard = () => {
  const modes: boolean[] = [];
  return Object.assign(new PassThrough(), {modes, setRawMode: (on: boolean) => modes.push(on)});
};

test.each(['\r', '\n', '\u0003', '\u0004'])('%j goes back, and the keyboard is there for what comes next', async key => {
  const stdin = keyboard();
  const back = untilEnter(stdin);
  stdin.write('typed ahead');
  stdin.write(key);
  await back;
  expect(stdin.modes).toEqual([true, false]);
  expect([stdin.readableEnded, stdin.isPaused(), stdin.listenerCount('data')]).toEqual([false, true, 0]);
});

test('a terminal that hangs up goes back too', async () => {
  const stdin = keyboard();
  const back = untilEnter(stdin);
  stdin.end();
  await expect(back).resolves.toBeUndefined();
});
