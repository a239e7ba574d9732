import fc from 'fast-check';
import {expect, test} from 'vitest';
import {checkFanOut, childPart, copyEnv, countOf} from '../../src/jobs/rules-children.ts';
import {newTotals, openChildren, parentEnd, verdict} from '../../src/jobs/rules-totals.ts';
import type {FailurePolicy, FanOut} from '../../src/protocol/index.ts';

const outcomes = ['succeeded', 'failed', 'cancelled', 'lost'] as const;
const policies = fc.oneof(
  fc.constantFrom<FailurePolicy>('all', 'first', 'best-effort'),
  fc.integer({min: 1, max: 30}).map(quorum => ({quorum})),
);
const totalsOf = (ends: readonly (typeof outcomes)[number][], open = 0) => {
  const totals = {...newTotals(ends.length + open), queued: open};
  for (const end of ends) totals[end]++;
  return totals;
};

test('a parent’s end is a function of its children’s: all is 0, some is partial and 7, none is 1', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...outcomes), {minLength: 1, maxLength: 30}), policies, (ends, failurePolicy) => {
      const totals = totalsOf(ends);
      expect(openChildren(totals)).toBe(0);
      const end = parentEnd(totals, {failurePolicy}, {isCancelled: false});
      const good = ends.filter(outcome => outcome === 'succeeded').length;
      expect(end.exitCode).toBe(good === ends.length ? 0 : good > 0 ? 7 : 1);
      expect(end.partial).toBe(good > 0 && good < ends.length);
      if (good === 0) expect(end.outcome).toBe('failed');
    }),
  );
});

test.each<[FailurePolicy, number, number, 'succeeded' | 'failed']>([
  ['all', 4, 1, 'failed'],
  ['all', 5, 0, 'succeeded'],
  [{quorum: 3}, 3, 2, 'succeeded'],
  [{quorum: 3}, 2, 3, 'failed'],
  ['first', 1, 4, 'succeeded'],
  ['best-effort', 1, 4, 'succeeded'],
  ['best-effort', 0, 5, 'failed'],
])('under %j, %i of 5 that succeed mean %s', (failurePolicy, good, bad, outcome) => {
  const totals = totalsOf([...Array<'succeeded'>(good).fill('succeeded'), ...Array<'failed'>(bad).fill('failed')]);
  expect(parentEnd(totals, {failurePolicy}, {isCancelled: false}).outcome).toBe(outcome);
});

test('children that were cancelled because enough had succeeded are not missed; those that failed are', () => {
  const certain = {isCancelled: false, verdict: 'succeeded' as const};
  const first = {failurePolicy: 'first' as const};
  expect(parentEnd(totalsOf(['succeeded', 'cancelled', 'cancelled']), first, certain)).toEqual({
    outcome: 'succeeded',
    partial: false,
    exitCode: 0,
  });
  expect(parentEnd(totalsOf(['failed', 'succeeded', 'cancelled']), first, certain)).toEqual({
    outcome: 'succeeded',
    partial: true,
    exitCode: 7,
  });
  expect(parentEnd(totalsOf(['succeeded', 'cancelled']), first, {...certain, isCancelled: true})).toMatchObject({
    outcome: 'cancelled',
    partial: true,
  });
});

test('a verdict is what the end will be, whatever the children that are left do', () => {
  const rest = fc.array(fc.constantFrom(...outcomes), {maxLength: 10});
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...outcomes), {maxLength: 10}),
      rest,
      policies,
      fc.boolean(),
      (ended, left, failurePolicy, failFast) => {
        if (typeof failurePolicy === 'object' && failurePolicy.quorum > ended.length + left.length) return;
        const certain = verdict({failurePolicy, failFast}, totalsOf(ended, left.length));
        if (certain === undefined) return;
        expect(parentEnd(totalsOf([...ended, ...left]), {failurePolicy}, {isCancelled: false}).outcome).toBe(certain);
      },
    ),
  );
  expect(verdict({failurePolicy: 'all'}, totalsOf(['failed'], 3))).toBeUndefined();
  expect(verdict({failurePolicy: 'all', failFast: true}, totalsOf(['failed'], 3))).toBe('failed');
  expect(verdict({failurePolicy: 'first'}, totalsOf(['succeeded'], 3))).toBe('succeeded');
  expect(verdict({failurePolicy: {quorum: 2}, failFast: true}, totalsOf(['succeeded', 'failed', 'failed'], 1))).toBeUndefined();
  expect(verdict({failurePolicy: 'best-effort', failFast: true}, totalsOf(['succeeded'], 1))).toBeUndefined();
});

test('children are every combination once: each, then the matrix, then the copies', () => {
  const fanOut: FanOut = {each: {list: ['a', 'b']}, matrix: {os: ['x', 'y'], node: ['20', '22', '24']}, copies: 2};
  expect(countOf(fanOut, undefined)).toBe(24);
  const parts = Array.from({length: 24}, (_, index) => childPart(fanOut, undefined, index).copy);
  expect(new Set(parts.map(({item, matrix}) => JSON.stringify([item, matrix]))).size).toBe(12);
  expect(parts.map(part => part.index)).toEqual(Array.from({length: 24}, (_, index) => index));
  expect(parts[0]).toEqual({index: 0, count: 24, item: 'a', matrix: {os: 'x', node: '20'}});
  expect(parts[1]).toEqual({index: 1, count: 24, item: 'a', matrix: {os: 'x', node: '20'}});
  expect(parts[23]).toEqual({index: 23, count: 24, item: 'b', matrix: {os: 'y', node: '24'}});
});

test('a child knows its place by its environment', () => {
  expect(copyEnv({index: 3, count: 9, item: 'db1', matrix: {Node: '22'}})).toEqual({
    BOXYARD_COPY_INDEX: '3',
    BOXYARD_COPY_COUNT: '9',
    BOXYARD_ITEM: 'db1',
    BOXYARD_MATRIX_NODE: '22',
  });
});

test('children of workers and of labels go where they are for', () => {
  expect(childPart({each: 'worker', copies: 2}, ['w-1', 'w-2'], 3)).toEqual({copy: {index: 3, count: 4}, worker: 'w-2'});
  expect(childPart({each: {label: 'rack'}}, ['east', 'west'], 1)).toEqual({copy: {index: 1, count: 2}, labels: {rack: 'west'}});
});

test('those that are run again keep their numbers', () => {
  const again: FanOut = {copies: 5, only: [1, 4]};
  expect(countOf(again, undefined)).toBe(2);
  expect([0, 1].map(at => childPart(again, undefined, at).copy)).toEqual([
    {index: 1, count: 5},
    {index: 4, count: 5},
  ]);
});

test.each<[string, FanOut, string]>([
  ['nothing to make', {parallel: 2}, 'copies, each or matrix is needed'],
  ['an empty matrix', {matrix: {}}, 'copies, each or matrix is needed'],
  ['two names that are one variable', {matrix: {os: ['a'], OS: ['b']}}, 'upper and lower case'],
  ['too many', {copies: 200, matrix: {n: Array.from({length: 60}, (_, n) => String(n))}}, 'makes 12000 children'],
  ['a quorum nobody can meet', {copies: 2, failurePolicy: {quorum: 3}}, 'cannot be met by 2'],
  ['a child that is not there', {copies: 2, only: [2]}, 'names a child that there is not'],
])('%s is refused', (_, fanOut, issue) => {
  expect(() => checkFanOut(fanOut)).toThrow(issue);
});
