import {expect, test} from 'vitest';
import {createInTurn} from '../src/in-turn.ts';

const never = new AbortController().signal;

test('work of one name is done by one at a time in the order asked, of another name beside it, and after a failure too', async () => {
  const inTurn = createInTurn();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = inTurn.alone('a', never, () => first.promise.then(() => void done.push('one')));
  const two = inTurn.alone('a', never, async () => {
    done.push('two');
    throw new Error('no');
  });
  const three = inTurn.alone('a', never, async () => void done.push('three'));
  await inTurn.alone('b', never, async () => void done.push('other'));
  expect(done).toEqual(['other']);
  first.resolve();
  await one;
  await expect(two).rejects.toThrow('no');
  await three;
  expect(done).toEqual(['other', 'one', 'two', 'three']);
});

test('who gives up waiting leaves the line, and who stands behind still waits for who is before', async () => {
  const inTurn = createInTurn();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const giving = new AbortController();
  const one = inTurn.alone('a', never, () => first.promise.then(() => void done.push('one')));
  const two = inTurn.alone('a', giving.signal, async () => void done.push('two'));
  giving.abort(new Error('enough'));
  await expect(two).rejects.toThrow('enough');
  const three = inTurn.alone('a', never, async () => void done.push('three'));
  first.resolve();
  await Promise.all([one, three]);
  expect(done).toEqual(['one', 'three']);
});
