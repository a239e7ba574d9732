import {expect, test} from 'vitest';
import {startTestDoor} from '../door-for-tests.ts';
import {startTestRedis, waitFor} from '../redis-for-tests.ts';

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

test('of calls to a Redis that hangs only the first waits; when it answers again all do', async () => {
  await using redis = await startTestRedis();
  const rim = await redis.rim();
  const timed = async () => {
    const before = performance.now();
    await expect(rim.ask(client => client.get('x'))).rejects.toMatchObject({code: 'REDIS_UNAVAILABLE'});
    return performance.now() - before;
  };
  await redis.whileStopped(async () => {
    expect(await timed()).toBeGreaterThan(1_000);
    let rest = 0;
    for (let call = 0; call < 10; call += 1) rest += await timed();
    expect(rest, 'of ten that would wait a second each').toBeLessThan(8_000);
    await expect(rim.commit(() => undefined)).rejects.toMatchObject({code: 'REDIS_UNAVAILABLE'});
  });
  await waitFor(() =>
    rim
      .ask(client => client.get('x'))
      .then(
        () => true,
        () => false,
      ),
  );
});
