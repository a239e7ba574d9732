import {expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {endText} from '../../../src/output/views/jobs.ts';

const ended = (more: object) => ({id: 'j-1', state: 'ended', source: 'worker', worker: {name: 'nas'}, ...more}) as unknown as JobView;

test('the end of a job that did what was asked is one line', () => {
  expect(endText(ended({outcome: 'succeeded', exit: {code: 0}}))).toBe('Job j-1: succeeded.');
});

test('that of one that did not says with what exit, and why', () => {
  expect(endText(ended({outcome: 'failed', exit: {code: 3}}))).toBe('Job j-1: failed, exit 3.');
  const late = {code: 'queue_timeout', message: 'No worker took it in time.', hint: 'boxyard workers list'};
  const refusals = [{name: 'nas', why: 'cordoned by anna', hint: 'boxyard workers cordon nas --off'}];
  expect(endText(ended({outcome: 'failed', reason: late, refusals}))).toBe(
    'Job j-1: failed.\nNo worker took it in time.\nboxyard workers list\nnas: cordoned by anna\n  boxyard workers cordon nas --off',
  );
  const error = {code: 'X', message: 'debain:12: no such image.', hint: 'Did you mean debian:12?'};
  expect(endText(ended({outcome: 'failed', reason: {code: 'image', message: 'debain:12: no such image.'}, error}))).toBe(
    'Job j-1: failed.\ndebain:12: no such image.\nDid you mean debian:12?',
  );
});

test('that of one with children says how many did what', () => {
  const children = {total: 3, succeeded: 2, failed: 1, cancelled: 0, lost: 0, running: 0, queued: 0};
  expect(endText(ended({outcome: 'failed', partial: true, children}))).toBe('Job j-1: failed (partial).\n3 in all, 2 succeeded, 1 failed');
});
