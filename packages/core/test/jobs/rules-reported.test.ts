import fc from 'fast-check';
import {expect, test} from 'vitest';
import {boundedResult} from '../../src/jobs/rules-reported.ts';
import type {Result} from '../../src/jobs/rules-events.ts';
import {registrationOf} from '../../src/workers/rules-registration.ts';

const plain: Result = {
  attempt: {number: 1, id: 'a'.repeat(32)},
  exit: {code: 3},
  logEnd: {stdout: 5, stderr: 0, log: 0},
  gaps: [{stream: 'stdout', from: 1, to: 2, reason: 'cap'}],
  phases: [{name: 'run', startedAt: 1, endedAt: 2}],
  asOf: 1,
};

test('an honest report is kept as it is', () => {
  const whole: Result = {
    ...plain,
    error: {code: 'NO_SPACE', message: 'm', hint: 'h', details: {where: 'x'}},
    image: {id: 'i', ref: 'r:1'},
    directory: '/src',
  };
  expect(boundedResult(whole)).toEqual(whole);
});

test('whatever a worker reports, a record keeps little of it, and no missing byte is forgotten', () => {
  const text = fc.integer({min: 0, max: 200_000}).map(length => 'x'.repeat(length));
  const gap = fc
    .integer({min: 0, max: 4_000})
    .map(at => ({stream: 'stdout' as const, from: at * 10, to: at * 10 + 5, reason: 'cap' as const}));
  fc.assert(
    fc.property(text, fc.array(gap, {maxLength: 4_000, size: 'max'}), fc.integer({min: 0, max: 5_000}), (long, gaps, phases) => {
      const kept = boundedResult({
        ...plain,
        exit: {unknown: long},
        error: {code: long, message: long, hint: long, details: {long}},
        reason: long,
        cancelled: long,
        box: long,
        image: {id: long, ref: long},
        directory: long,
        gaps,
        phases: Array.from({length: phases}, () => ({name: long, startedAt: 1, detail: long})),
      });
      expect(JSON.stringify(kept).length).toBeLessThan(400_000);
      expect(gaps.every(each => kept.gaps.some(known => known.from <= each.from && each.to <= known.to))).toBe(true);
    }),
    {numRuns: 20},
  );
});

test('a registration is cut to what a machine can mean', () => {
  const long = 'x'.repeat(100_000);
  const engine = {name: long, usable: true, version: long, why: long, fix: long, features: Array.from({length: 500}, () => long)};
  const kept = registrationOf({
    type: 'worker.register',
    name: 'nas',
    hostname: 'nas',
    platform: 'linux',
    arch: long,
    cpuCount: 1,
    memoryTotal: 1,
    containerEngines: Array.from({length: 500}, () => long),
    agentVersion: long,
    mode: 'byom',
    engines: Array.from({length: 500}, () => ({...engine, enforces: [], labels: {}})),
    labels: Object.fromEntries(Array.from({length: 5_000}, (_, at) => [`l${at}`, 'v'])),
  });
  expect(JSON.stringify(kept).length).toBeLessThan(200_000);
  expect(Object.keys(kept.labels).length).toBe(100);
});
