import {expect, test} from 'vitest';
import type {JobRecord} from '../../src/jobs/rules-record.ts';
import {next} from '../../src/jobs/rules.ts';
import {jobView} from '../../src/jobs/rules-view.ts';
import {timing} from '../../src/config/index.ts';

const attempt = {number: 1, id: '1'.repeat(32)};
const terminal: JobRecord = {
  v: 1,
  id: 'j-aaaaaaaaaaaaaaaaaaaaaaaaaa',
  tenant: 't-aaaaaaaaaaaaaaaaaaaaaaaaaa',
  kind: 'exec',
  actor: 'user:anna',
  spec: {
    kind: 'exec',
    labels: {},
    needs: {features: [], enforces: [], labels: {}, memoryBytes: 0, slots: 0, profile: 'open'},
    profile: 'open',
    secrets: [],
    graceMs: 10,
    retries: 0,
    priority: 0,
    ifLost: 'wait',
    idempotent: false,
    devbox: 'd-aaaaaaaaaaaaaaaaaaaaaaaaaa',
    generation: 1,
    box: 'box',
    command: {argv: ['sh'], env: {}, stdin: false, tty: {columns: 80, rows: 24, detachedMs: 1_000}},
    background: false,
  },
  attempt,
  state: 'running',
  group: 'g',
  phases: [],
  tries: 0,
  createdAt: 0,
} as unknown as JobRecord;

test('a terminal that its engine took along is shown with the directory it was in', () => {
  const result = {
    attempt,
    exit: {unknown: 'engine_restarted'},
    reason: 'engine_restarted',
    directory: '/src',
    logEnd: {stdout: 0, stderr: 0, log: 0},
    gaps: [],
    phases: [],
    asOf: 1,
  };
  const record = next(terminal, {type: 'result', result}, {now: 1, timing, chance: 0.5, nextAttemptId: () => '2'.repeat(32)});
  expect(jobView(record!)).toMatchObject({
    outcome: 'lost',
    reason: {code: 'engine_restarted'},
    session: {attention: {is: 'ended'}, viewers: 0, directory: '/src'},
  });
});
