import {expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {leftIn} from '../../src/services/left-in.ts';

const ended = (fields: object) =>
  ({
    state: 'ended',
    reason: {code: 'engine_restarted'},
    spec: {kind: 'exec', command: {cwd: '/workspace/app'}},
    session: {directory: '/workspace/app/src'},
    ...fields,
  }) as unknown as JobView;

test('a terminal that its engine took along is begun anew where it was, or else where it had begun', () => {
  expect(leftIn(ended({}))).toBe('/workspace/app/src');
  expect(leftIn(ended({session: {}}))).toBe('/workspace/app');
  expect(leftIn(ended({session: {}, spec: {kind: 'exec', command: {}}}))).toBeUndefined();
});

test('one that ended otherwise is begun as any', () => {
  expect(leftIn(undefined)).toBeUndefined();
  expect(leftIn(ended({reason: {code: 'container_gone'}}))).toBeUndefined();
  expect(leftIn(ended({reason: undefined}))).toBeUndefined();
  expect(leftIn(ended({state: 'running', reason: undefined}))).toBeUndefined();
});
