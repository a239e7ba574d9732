import type {JobView} from '@boxyard/core/api';
import type {Api} from '../lab/api.ts';
import type {Accepted} from '../lab/lab.ts';
import {expectedOutput, firstDifference} from '../ledger/expected.ts';
import type {Finding} from './finding.ts';

/**
 * I3: the stored log is what the ledger wrote, byte for byte, or what is missing lies in gaps that say so. `prefix`: the job was
 * ended from outside, so any beginning of the expected bytes is right.
 */
export async function checkOutput(api: Api, accepted: Accepted, job: JobView, prefix = false): Promise<Finding[]> {
  const expected = expectedOutput(accepted.plan);
  const findings: Finding[] = [];
  // A shell that is ended from outside says so on stderr in words of its own.
  for (const stream of prefix ? (['stdout'] as const) : (['stdout', 'stderr'] as const)) {
    const got = (await api.logs(accepted.id, stream)).toString('latin1');
    const gaps = (job.gaps ?? []).filter(gap => gap.stream === stream && gap.reason !== 'engine-log');
    if (gaps.length > 0) findings.push(...checkGaps({accepted, job, stream, got, expected: expected[stream]}));
    else if (!prefix || !expected[stream].startsWith(got)) {
      const difference = firstDifference(expected[stream], got);
      if (difference)
        findings.push({
          invariant: 'I3',
          subject: `${stream} of job ${accepted.id}`,
          expected: 'every byte once, in order',
          found: difference,
        });
    }
    const end = job.logEnd?.[stream];
    if (end !== undefined && gaps.length === 0 && end !== got.length)
      findings.push({
        invariant: 'I3',
        subject: `${stream} of job ${accepted.id}`,
        expected: `${end} bytes, as its result says`,
        found: `${got.length}`,
      });
  }
  return findings;
}

interface Gapped {
  readonly accepted: Accepted;
  readonly job: JobView;
  readonly stream: 'stdout' | 'stderr';
  readonly got: string;
  readonly expected: string;
}

/** With gaps: what is there is right, and every missing byte is in a gap. */
function checkGaps({accepted, job, stream, got, expected}: Gapped): Finding[] {
  const gaps = (job.gaps ?? []).filter(gap => gap.stream === stream).toSorted((a, b) => a.from - b.from);
  const pieces: string[] = [];
  let at = 0;
  for (const gap of gaps) {
    pieces.push(expected.slice(at, gap.from));
    at = gap.to;
  }
  pieces.push(expected.slice(at));
  const difference = firstDifference(pieces.join(''), got);
  return difference === undefined
    ? []
    : [
        {
          invariant: 'I3',
          subject: `${stream} of job ${accepted.id} with gaps ${JSON.stringify(gaps)}`,
          expected: 'all bytes outside the gaps',
          found: difference,
        },
      ];
}
