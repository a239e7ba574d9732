import type {JobView} from '@boxyard/core/api';
import type {Accepted, Lab} from '../lab/lab.ts';
import {describeFinding, type Finding} from './finding.ts';
import {checkLeftovers} from './leftovers.ts';
import {checkHistory, checkOutcome, type Expected} from './outcomes.ts';
import {checkOutput} from './output.ts';
import {checkMemory, checkReservations} from './resources.ts';
import {checkStarts} from './starts.ts';

export interface CheckOptions {
  readonly within?: number;
  /** Deviations from "every ledger ends with its own exit code and its whole output". */
  readonly expect?: (accepted: Accepted) => Expected & {readonly log?: 'whole' | 'prefix' | 'any'};
  /** Memory reserved by DevBoxes that stay; then the workers' free figures are not compared. */
  readonly skipReservations?: boolean;
  readonly skipHistory?: boolean;
  /** How long what is left of ended jobs may stay; an agent killed while it removes leaves that to two garbage collections (B19). */
  readonly removedWithin?: number;
}

/** The invariants I1–I3 and I5–I8 over everything the lab had accepted. Empty when all hold. */
export async function check(lab: Lab, options: CheckOptions = {}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const views = new Map<string, JobView>();
  // What the server decided alone, a worker that is back corrects (R10): only then is it the end.
  const mayStay = (accepted: Accepted, job: JobView) =>
    checkOutcome(job, accepted.plan.exit ?? 0, options.expect?.(accepted) ?? {}).length === 0;
  await lab.settle(options.within ?? 60_000, mayStay).catch(() => undefined);
  for (const accepted of lab.accepted) {
    const view = await lab.api.job(accepted.id);
    views.set(accepted.id, view);
    const expected = options.expect?.(accepted) ?? {};
    findings.push(...checkOutcome(view, accepted.plan.exit ?? 0, expected));
    findings.push(...checkStarts(lab, accepted, view));
    if (expected.log !== 'any') findings.push(...(await checkOutput(lab.api, accepted, view, expected.log === 'prefix')));
  }
  if (!options.skipHistory) findings.push(...checkHistory(lab.record.events, new Set(views.keys())));
  findings.push(...(await checkLeftovers(lab, [...views.values()], options.removedWithin)));
  findings.push(...checkMemory(lab));
  if (!options.skipReservations) findings.push(...(await checkReservations(lab)));
  return findings;
}

/** Throws all findings in one error. */
export async function mustHold(lab: Lab, options: CheckOptions = {}): Promise<void> {
  const findings = await check(lab, options);
  if (findings.length > 0) throw new InvariantBroken(findings);
}

export class InvariantBroken extends Error {
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    const shown = findings.slice(0, 12).map(describeFinding);
    super([...shown, ...(findings.length > shown.length ? [`… and ${findings.length - shown.length} more`] : [])].join('\n'));
    this.name = 'InvariantBroken';
    this.findings = findings;
  }
}
