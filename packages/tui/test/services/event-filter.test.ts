import {expect, test} from 'vitest';
import type {EventView} from '@boxyard/core/api';
import {isBoxyardError} from '@boxyard/core/errors';
import {eventFilter} from '../../src/services/event-filter.ts';

const event = (type: string, subject: string, data: EventView['data'] = {}) => ({type, subject, data}) as EventView;
const fits = (types: readonly string[], type: string) => eventFilter({types})(event(type, 'jobs/j-1'));

test('a star stands for anything, a dot only for itself, and one of several patterns is enough', () => {
  expect([fits([], 'job.ended'), fits(['job.*'], 'job.ended'), fits(['*.removed'], 'devbox.removed')]).toEqual([true, true, true]);
  expect([fits(['job.*'], 'jobs.ended'), fits(['job.end'], 'job.ended'), fits(['job.e.ded'], 'job.ended')]).toEqual([false, false, false]);
  expect(fits(['worker.*', 'job.ended'], 'job.ended')).toBe(true);
});

test('of a DevBox are its own events and those of its jobs; of a job its own and its children’s', () => {
  const ofBox = eventFilter({types: [], devbox: 'd-1'});
  expect([ofBox(event('a', 'devboxes/d-1')), ofBox(event('a', 'jobs/j-1', {devbox: 'd-1'})), ofBox(event('a', 'devboxes/d-2'))]).toEqual([
    true,
    true,
    false,
  ]);
  const ofJob = eventFilter({types: [], job: 'j-1'});
  expect([ofJob(event('a', 'jobs/j-1')), ofJob(event('a', 'jobs/j-2', {parent: 'j-1'})), ofJob(event('a', 'jobs/j-2'))]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a pattern that no type could fit is refused, however it is made', () => {
  for (const pattern of ['', 'JOB', 'job ended', '(a+)+$', '.', 'job..ended', 'x'.repeat(65)])
    expect(() => eventFilter({types: [pattern]}), pattern).toThrow(
      expect.toSatisfy(error => isBoxyardError(error) && error.code === 'INVALID_INPUT'),
    );
});
