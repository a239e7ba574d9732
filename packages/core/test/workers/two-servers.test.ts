import {expect, test} from 'vitest';
import {scaled} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {startTestRedis, waitFor} from '../redis-for-tests.ts';

test('a worker of a server that does not sweep is not taken for one whose server is gone', async () => {
  await using redis = await startTestRedis();
  const rim = await redis.rim();
  const timing = {...scaled(0.1), sweep: 100, lease: 1_500};
  await using one = await startTestCore({rim, timing});
  const unswept = {...rim, keys: {...rim.keys, queues: `${rim.keys.queues}-other`}};
  await using other = await startTestCore({rim: unswept, timing: {...timing, sweep: 60_000}, tenant: one.caller.tenant});
  const agents = [await one.agent({name: 'a'}), await other.agent({name: 'b'})];
  const seen = new Set<string>();
  const stop = await one.core.services.events.follow(one.caller.tenant, undefined, {
    onEvent: event => void seen.add(event.type),
    onReset: () => undefined,
    onGauge: () => undefined,
  });
  const end = performance.now() + 3_500;
  await waitFor(() => performance.now() > end);
  expect(seen.has('worker.disconnected')).toBe(false);
  const answers = agents.map(agent => agent.closed);
  expect(await Promise.race([...answers, Promise.resolve('open')])).toBe('open');
  stop();
});
