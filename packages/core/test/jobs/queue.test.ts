import {afterAll, beforeAll, expect, test} from 'vitest';
import {openJobQueue} from '../../src/jobs/queue.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('who rings looks itself and at once; a look that failed comes again through the queue', async () => {
  const rim = await redis.rim();
  const looked: string[] = [];
  const failed: string[] = [];
  const queue = openJobQueue({
    rim,
    look: async thing => {
      looked.push(thing);
      if (thing === 'w:b' && failed.length === 0) throw new Error('not now');
    },
    onFailure: thing => failed.push(thing),
    onStuck: () => failed.push('stuck'),
  });
  const entries = () => rim.ask(client => client.get(`${rim.keys.queues}:jobs:id`));
  queue.nudge(['w:a']);
  expect(looked).toEqual(['w:a']);
  await waitFor(async () => (await entries()) === null);
  queue.nudge(['w:b']);
  await waitFor(() => looked.length === 3);
  expect([looked, failed]).toEqual([['w:a', 'w:b', 'w:b'], ['w:b']]);
  expect(await entries()).toBe('1');
  await queue.close();
});
