import {expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {commandExit, failureOf, resultExit} from '../../src/services/job-exit.ts';

const totals = {total: 3, queued: 0, running: 0, succeeded: 2, failed: 1, cancelled: 0, lost: 0};
const job = (fields: Partial<JobView>) => ({id: 'j-1', state: 'ended', ...fields}) as JobView;

test.each([
  ['a command that succeeded', {outcome: 'succeeded', exit: {code: 0}}, 0],
  ['a command that failed', {outcome: 'failed', exit: {code: 7}}, 7],
  ['no such command', {outcome: 'failed', exit: {code: 127}}, 127],
  ['a cancelled job', {outcome: 'cancelled', exit: {code: 143}}, 130],
  ['one whose time ran out', {outcome: 'failed', exit: {code: 137}, reason: {code: 'deadline', message: 'x'}}, 124],
  ['one that waited too long', {outcome: 'failed', reason: {code: 'queue_timeout', message: 'x'}}, 124],
  ['a lost one', {outcome: 'lost', exit: {unknown: 'agent_lost'}}, 125],
  ['one that never ran', {outcome: 'failed'}, 125],
  ['some of many', {outcome: 'failed', partial: true, children: totals}, 7],
  ['none of many', {outcome: 'failed', children: {...totals, succeeded: 0, failed: 3}}, 1],
  ['all of many', {outcome: 'succeeded', children: {...totals, succeeded: 3, failed: 0}}, 0],
] as const)('%s', (_what, fields, expected) => {
  expect(commandExit(job(fields as Partial<JobView>))).toBe(expected);
});

test('waiting ends with the result, not with the command’s code', () => {
  expect(resultExit(job({outcome: 'failed', exit: {code: 9}}))).toBe(1);
  expect(resultExit(job({outcome: 'succeeded'}))).toBe(0);
});

test('a terminal that its engine took along says how a new one begins where it was', () => {
  const reason = {code: 'engine_restarted', message: 'Its engine went away.'};
  const lost = {outcome: 'lost', reason, devbox: {name: 'web'}, name: 'top'} as Partial<JobView>;
  expect(failureOf(job({...lost, session: {}} as Partial<JobView>))?.hint).toBe(
    'boxyard terminal web/top begins a new one in the same directory.',
  );
  expect(failureOf(job(lost))?.hint).toBe('boxyard jobs show j-1');
});
