import {expect, test} from 'vitest';
import {startTestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

test('a Redis that comes and goes makes the server’s health degraded, also while it answers; one return is none of that', async () => {
  await using door = await startTestDoor();
  const client = door.client();
  const again = async () => {
    await door.redis.kill();
    await waitFor(async () => (await client.health()).redis === 'away');
    await door.redis.start();
    return waitFor(async () => {
      const health = await client.health();
      return health.redis === 'ok' && health;
    });
  };
  expect(await client.health()).toMatchObject({status: 'ok', redis: 'ok'});
  expect(await again()).toMatchObject({status: 'ok', redis: 'ok'});
  expect(await again()).toMatchObject({status: 'degraded', redis: 'ok', why: 'Redis went away 2 times in the last minute'});
});

test('a Redis that hangs is away although its connection stands', async () => {
  await using door = await startTestDoor();
  await door.redis.whileStopped(async () => {
    expect(await door.client().health()).toMatchObject({status: 'degraded', redis: 'away', why: 'Redis does not answer within 1 s'});
  });
  await waitFor(async () => (await door.client().health()).redis === 'ok');
});
