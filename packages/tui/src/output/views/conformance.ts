import type {Capability, CaseResult, Report} from '@boxyard/core/conformance';
import {formatSpan} from '../amounts.ts';
import {safeLine} from '../safe-text.ts';
import {renderTable} from '../table.ts';

const marks = {passed: 'ok  ', failed: 'FAIL', 'left-out': '-   '} as const;

/** One line of the progress. */
export const resultLine = ({name, outcome, why, ms}: CaseResult, at: string): string => {
  const about = outcome === 'passed' ? `(${formatSpan(ms)})` : `(${safeLine(why ?? '')})`;
  return `${at} ${marks[outcome]} ${safeLine(name)} ${about}`;
};

const verdictOf = ({isOffered, kind, passed, failed, leftOut}: Capability): string => {
  if (failed > 0) return `FAILS: ${failed} of ${passed + failed} cases`;
  if (!isOffered && kind === 'feature') return 'not offered';
  if (passed > 0)
    return kind === 'restriction' && !isOffered ? 'not enforced, and refused' : `holds: ${passed} ${passed === 1 ? 'case' : 'cases'}`;
  return leftOut > 0 ? 'not tried' : 'no case';
};

/** What the plugin can do, and whether it can. */
export function capabilityTable({capabilities, kind}: Report): readonly string[] {
  if (capabilities.length === 0) return [];
  const title = (one: Capability) => (one.kind === 'contract' ? `every ${kind}` : one.name);
  return renderTable(
    capabilities,
    [
      {title: 'CAPABILITY', cell: title},
      {title: 'OFFERED', cell: one => (one.isOffered ? 'yes' : 'no')},
      {title: 'VERDICT', cell: verdictOf},
      {title: 'NOT TRIED', cell: one => (one.leftOut === 0 ? '' : String(one.leftOut)), align: 'right'},
    ],
    {headers: true, now: 0},
  )
    .trimEnd()
    .split('\n');
}

export const failureLines = ({cases}: Report): readonly string[] => {
  const failed = cases.filter(({outcome}) => outcome === 'failed');
  return failed.length === 0
    ? []
    : ['', 'Failed:', ...failed.flatMap(({name, why = ''}) => [`  ${safeLine(name)}`, `    ${safeLine(why)}`])];
};

export function summaryLine({name, kind, verdict, why, fix, cases}: Report): string {
  const passed = cases.filter(({outcome}) => outcome === 'passed').length;
  const leftOut = cases.filter(({outcome}) => outcome === 'left-out').length;
  const counts = `${passed} of ${cases.length - leftOut} cases hold${leftOut === 0 ? '' : `, ${leftOut} were not tried`}`;
  const words = {
    holds: `The ${kind} ${name} holds: ${counts}.`,
    fails: `The ${kind} ${name} fails: ${counts}.`,
    incomplete: `Interrupted: ${counts}.`,
    unusable: `The ${kind} ${name} is not usable here: ${why ?? 'it does not say why'}.${fix === undefined ? '' : ` Try: ${fix}`}`,
  };
  return `${cases.length === 0 ? '' : '\n'}${words[verdict]}`;
}
