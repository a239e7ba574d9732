import type {CaseResult, Report} from './contract.ts';

export function verdictOf(cases: readonly CaseResult[], signal: AbortSignal): Pick<Report, 'verdict' | 'why'> {
  const failed = cases.filter(({outcome}) => outcome === 'failed').length;
  if (failed > 0) return {verdict: 'fails', why: `${failed} of ${cases.length} cases failed`};
  return signal.aborted ? {verdict: 'incomplete', why: 'it was interrupted'} : {verdict: 'holds'};
}
