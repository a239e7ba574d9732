import {expect, test} from 'vitest';
import {within} from '../../src/dashboard/within.ts';

test('what settles is waited for, also where it fails; what does not is given up', async () => {
  const {promise, resolve} = Promise.withResolvers<void>();
  let isOver = false;
  const waiting = within(60_000, promise).then(() => (isOver = true));
  expect(isOver).toBe(false);
  resolve();
  await waiting;
  await within(60_000, Promise.reject(new Error('broken')));
  await within(1, new Promise(() => undefined));
});
