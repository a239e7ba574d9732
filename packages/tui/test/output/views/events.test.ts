import {expect, test} from 'vitest';
import type {EventView} from '@boxyard/core/api';
import {eventLine} from '../../../src/output/views/events.ts';
import {hasUnshowable} from '../../../src/output/safe-text.ts';
import {payloads} from '../../payloads.ts';

const event = (type: string, data: EventView['data'], more: Partial<EventView> = {}): EventView => ({
  specversion: '1.0',
  id: 'e-1',
  type,
  source: 'boxyard',
  subject: 'jobs/j-1',
  time: '2026-11-22T12:58:04.123Z',
  tenant: 't',
  actor: 'lena',
  seq: '1.2',
  data,
  ...more,
});
const words = (line: string) => line.replaceAll(/ {2,}/g, '  ');

test('the end of a job is told with its command’s code, its worker and the attempt if it was not the first', () => {
  const data = {kind: 'run', state: 'ended', outcome: 'failed', exit: {code: 3}, worker: {id: 'w', name: 'nas'}, attempt: 2};
  expect(words(eventLine(event('job.ended', data)))).toBe(
    '2026-11-22T12:58:04Z  job.ended  jobs/j-1  by lena  run failed, exit 3, on nas, attempt 2',
  );
});

test('a job that waits says why, and a session what it asks', () => {
  expect(eventLine(event('job.accepted', {kind: 'run', state: 'queued', reason: {code: 'X', message: 'No worker fits.'}}))).toMatch(
    /run, No worker fits\.$/,
  );
  expect(eventLine(event('session.asks', {kind: 'exec', session: {attention: {is: 'asks', saying: 'May I?'}}}))).toMatch(/ {2}May I\?$/);
});

test('a name stands behind the subject, and a line with no more to say ends without spaces', () => {
  const line = eventLine(event('devbox.accepted', {name: 'web', v: 1}, {subject: 'devboxes/d-1'}));
  expect(words(line)).toBe('2026-11-22T12:58:04Z  devbox.accepted  devboxes/d-1 (web)  by lena');
});

test.each(payloads)('whatever an event holds it is one harmless line: $name', ({bytes}) => {
  const text = `a${bytes}\nb`;
  const data = {
    name: text,
    kind: text,
    outcome: text,
    worker: {name: text},
    reason: {message: text},
    failure: text,
    labels: {[text]: text},
  };
  const line = eventLine(event(text, data, {subject: text, actor: text, time: '2026-11-22T12:58:04.123Z'}));
  expect(hasUnshowable(line) || line.includes('\n')).toBe(false);
});

test('an event of a newer server that holds other things is still a line', () => {
  const data = {kind: 7, exit: 'x', worker: 'nas', reason: null, labels: 4, session: 'no'};
  expect(eventLine(event('cluster.grown', data))).toContain('cluster.grown');
  expect(eventLine(event('job.ended', data))).toContain('job.ended');
});
