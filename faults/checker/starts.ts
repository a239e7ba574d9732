import type {JobView} from '@boxyard/core/api';
import type {Accepted, Lab} from '../lab/lab.ts';
import type {Finding} from './finding.ts';

/**
 * I2: at most one start per attempt, and no more attempts than were allowed. Jobs of the engine process write their starts into
 * the host ledger; starts of containers are counted by their engine, whose names are made of job and attempt.
 */
export function checkStarts(lab: Lab, accepted: Accepted, job: JobView): Finding[] {
  const counts = accepted.engine === 'process' ? lab.ledger.starts(accepted.plan.key) : containerStarts(lab, accepted);
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const findings: Finding[] = [];
  const subject = `job ${accepted.id} (${accepted.plan.key}, ${accepted.engine})`;
  const isDoubled = [...counts].filter(([attempt, n]) => attempt !== '0' && n > 1);
  if (isDoubled.length > 0) findings.push({invariant: 'I2', subject, expected: 'one start per attempt', found: JSON.stringify(isDoubled)});
  if (total > Math.min(accepted.attempts, job.attempt.number))
    findings.push({
      invariant: 'I2',
      subject,
      expected: `at most ${Math.min(accepted.attempts, job.attempt.number)} starts`,
      found: `${total}`,
    });
  if (total === 0 && job.outcome === 'succeeded')
    findings.push({invariant: 'I2', subject, expected: 'a start', found: 'none, and it succeeded'});
  return findings;
}

function containerStarts(lab: Lab, accepted: Accepted): ReadonlyMap<string, number> {
  const starts = lab.engines.get(accepted.engine)?.starts ?? new Map<string, number>();
  const id = accepted.id.slice(2);
  return new Map([...starts].filter(([name]) => name.includes(id)));
}
