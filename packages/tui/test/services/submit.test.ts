import {expect, test} from 'vitest';
import {BoxyardError} from '@boxyard/core/errors';
import {submit} from '../../src/services/submit.ts';

const lost = () => new BoxyardError('SERVER_UNREACHABLE', {}, {cause: Object.assign(new Error('reset'), {code: 'ECONNRESET'})});

test('an answer that got lost is asked for again with the same key', async () => {
  const keys: string[] = [];
  const answer = await submit(async key => {
    keys.push(key);
    if (keys.length === 1) throw lost();
    if (keys.length === 2) throw new BoxyardError('NO_SERVER');
    return 'accepted';
  });
  expect(answer).toBe('accepted');
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test('a server that was never there is reported at once', async () => {
  let tries = 0;
  await expect(submit(async () => Promise.reject((tries++, new BoxyardError('NO_SERVER'))))).rejects.toMatchObject({code: 'NO_SERVER'});
  expect(tries).toBe(1);
});

test('a refusal is not repeated', async () => {
  let tries = 0;
  await expect(submit(async () => Promise.reject((tries++, new BoxyardError('FORBIDDEN'))))).rejects.toMatchObject({code: 'FORBIDDEN'});
  expect(tries).toBe(1);
});
