import fc from 'fast-check';
import {expect, test} from 'vitest';
import {createRateLimit} from '../../src/rim/rate-limit.ts';

test('over any stretch of time no key gets more than its burst and what it gained, and waiting as told is enough', () => {
  const step = fc.record({ms: fc.nat(2_000), cost: fc.integer({min: 1, max: 5}), key: fc.constantFrom('a', 'b')});
  fc.assert(
    fc.property(fc.array(step, {maxLength: 80}), steps => {
      let now = 0;
      const limit = createRateLimit({burst: 10, perSecond: 4, now: () => now});
      const taken = {a: 0, b: 0};
      for (const {ms, cost, key} of steps) {
        now += ms;
        const wait = limit.take(key, cost);
        if (wait === 0) taken[key] += cost;
        else {
          now += wait;
          expect(limit.take(key, cost)).toBe(0);
          taken[key] += cost;
        }
        expect(taken[key]).toBeLessThanOrEqual(10 + (now / 1_000) * 4 + 1e-6);
      }
    }),
  );
});

test('a crowd of keys that ask once is forgotten again', () => {
  let now = 0;
  const limit = createRateLimit({burst: 1, perSecond: 1, now: () => now});
  for (let key = 0; key < 120_000; key += 1) limit.take(String(key));
  expect(limit.take('119999')).toBeGreaterThan(0);
  now = 2_000;
  expect(limit.take('119999')).toBe(0);
});
