import {expect, test} from 'vitest';
import type {JobRow} from '../src/journal.ts';
import {tellAbout} from '../src/tell-start.ts';

const attempt = {number: 1, id: 'a'.repeat(32)};
const job = `j-${'a'.repeat(26)}`;

function rowOf(argv: string[]): JobRow {
  const steps = [{do: 'container.exec' as const, box: 'b', command: {argv, env: {}, stdin: false}, secrets: []}];
  const start = {
    type: 'job.start',
    entry: '1-0',
    job,
    attempt,
    tenant: 't',
    kind: 'exec',
    engine: 'podman',
    profile: 'standard',
    steps,
    graceMs: 1,
  };
  return {job, attempt, start} as unknown as JobRow;
}
const ask = (row: JobRow | undefined, of = attempt) =>
  tellAbout({find: () => row, findRecent: () => undefined}, {type: 'job.ask', job, attempt: of});

test('a server that lost a job is told its steps, if the attempt is held here and fits into a frame', () => {
  expect(ask(rowOf(['make']))).toMatchObject([{type: 'job.told', job, attempt, start: {kind: 'exec', engine: 'podman', graceMs: 1}}]);
  expect(JSON.stringify(ask(rowOf(['make'])))).not.toContain('entry');
  expect(ask(undefined)).toEqual([]);
  expect(ask(rowOf(['make']), {number: 2, id: 'b'.repeat(32)})).toEqual([]);
  expect(ask(rowOf(['x'.repeat(200_000)]))).toEqual([]);
});
