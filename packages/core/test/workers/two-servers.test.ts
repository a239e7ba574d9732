import {expect, test} from 'vitest';
import {newId, scaled} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {startTestRedis, waitFor} from '../redis-for-tests.ts';

test('a worker of a server that does not sweep is not taken for one whose server is gone', async () => {
  await using redis = await startTestRedis();
  const rim = await redis.rim();
  const tenant = newId('t');
  const timing = {...scaled(0.1), sweep: 100, lease: 1_500};
  const unswept = {...rim, keys: {...rim.keys, queues: `${rim.keys.queues}-other`}};
  await using other = await startTestCore({rim: unswept, timing: {...timing, sweep: 60_000}, tenant});
  const agent = await other.agent({name: 'b'});
  await waitFor(async () => (await other.core.services.workers.show(tenant, 'b')).status === 'ready');
  await using one = await startTestCore({rim, timing, tenant});
  const end = performance.now() + 3_500;
  await waitFor(() => performance.now() > end);
  expect((await one.core.services.workers.show(tenant, agent.worker)).presence).toBe('online');
});

test('what one server learns of a worker the other knows at once, also that it was removed', async () => {
  await using redis = await startTestRedis();
  const rim = await redis.rim();
  const tenant = newId('t');
  const timing = {...scaled(0.1), sweep: 60_000, lease: 60_000};
  await using one = await startTestCore({rim, timing, tenant});
  await using other = await startTestCore({rim, timing, tenant});
  const seen = async () => (await one.core.services.workers.list(tenant)).items.map(({name, status}) => [name, status]);
  expect(await seen()).toEqual([]);
  await other.agent({name: 'b'});
  await waitFor(async () => (await other.core.services.workers.show(tenant, 'b')).status === 'ready');
  expect(await seen()).toEqual([['b', 'ready']]);
  await other.core.services.workers.remove(other.caller, 'b');
  expect(await seen()).toEqual([]);
});
