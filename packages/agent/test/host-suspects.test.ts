import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {HostSuspects} from '../src/host-suspects.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<void>(() => undefined);
const dies = () => Promise.reject(new Error('the session host is gone'));

/** It takes the session host down when it is handed over, so often. */
async function crash(suspects: HostSuspects, job: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const handed = suspects.handOver(job, dies).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    suspects.lost();
    await handed;
  }
}

test('a job that takes its session host down three times is poison, and the one beside it is not', async () => {
  const suspects = new HostSuspects();
  await suspects.handOver('beside', () => Promise.resolve());
  await vi.advanceTimersByTimeAsync(1_000);
  await crash(suspects, 'bad', 2);
  expect(suspects.isPoison('bad')).toBe(false);
  await crash(suspects, 'bad', 1);
  expect([suspects.isPoison('bad'), suspects.isPoison('beside'), suspects.wasAnothers('beside')]).toEqual([true, false, true]);
});

test('where two were handed over, neither is counted', async () => {
  const suspects = new HostSuspects();
  for (let time = 0; time < 5; time += 1) {
    void suspects.handOver('bad', never);
    void suspects.handOver('beside', never);
    await vi.advanceTimersByTimeAsync(31_000);
    suspects.lost();
  }
  expect([suspects.isPoison('bad'), suspects.isPoison('beside')]).toEqual([false, false]);
});

test('the end of an earlier moment of a job is not taken for the end of its present one', async () => {
  const suspects = new HostSuspects();
  for (let time = 0; time < 5; time += 1) {
    await suspects.handOver('bad', dies).catch(() => undefined);
    void suspects.handOver('bad', never);
    void suspects.handOver('beside', never);
    await vi.advanceTimersByTimeAsync(600);
    suspects.lost();
    await vi.advanceTimersByTimeAsync(31_000);
  }
  expect(suspects.isPoison('beside')).toBe(false);
});

test('after a second loss they are handed over one at a time, each after the moment of the one before', async () => {
  const suspects = new HostSuspects();
  await crash(suspects, 'bad', 2);
  const handed: string[] = [];
  const hand = (job: string, work: () => Promise<void>) => suspects.handOver(job, () => (handed.push(job), work())).catch(() => undefined);
  void hand('beside', () => Promise.resolve());
  void hand('bad', dies);
  void hand('third', never);
  await vi.advanceTimersByTimeAsync(499);
  expect(handed).toEqual(['beside']);
  await vi.advanceTimersByTimeAsync(2);
  expect(handed).toEqual(['beside', 'bad']);
  suspects.lost();
  await vi.advanceTimersByTimeAsync(0);
  expect([handed, suspects.isPoison('bad')]).toEqual([['beside', 'bad', 'third'], true]);
});

test('a loss inside a call of an engine counts for the job of that call, whoever was handed over at that moment', async () => {
  const suspects = new HostSuspects();
  await suspects.handOver('bad', () => Promise.resolve());
  await vi.advanceTimersByTimeAsync(1_000);
  for (let time = 0; time < 3; time += 1) {
    void suspects.handOver('beside', never);
    await vi.advanceTimersByTimeAsync(0);
    suspects.lost('bad');
  }
  expect([suspects.isPoison('bad'), suspects.isPoison('beside'), suspects.wasAnothers('beside')]).toEqual([true, false, true]);
});
