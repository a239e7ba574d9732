import type {Timing} from '../config/index.ts';
import {stepsFor} from '../jobs/rules-steps.ts';
import type {JobRecord} from '../jobs/rules-record.ts';
import type {FromServer} from '../protocol/index.ts';

export interface StartContext {
  readonly installation: string;
  readonly timing: Pick<Timing, 'lostAfter'>;
}

/** A job that may run elsewhere when its worker is lost stops itself before that (B8): at this part of `lostAfter`. */
const stopBeforeLost = 0.8;

/** The command for one attempt, built from the record whenever it is delivered, so that the outbox holds only names. */
export function jobStart(record: JobRecord, entry: string, context: StartContext): Extract<FromServer, {type: 'job.start'}> {
  const {spec} = record;
  const isOfBox = spec.kind !== 'run' && 'devbox' in spec;
  return {
    type: 'job.start',
    entry,
    job: record.id,
    attempt: record.attempt,
    tenant: record.tenant,
    kind: record.kind,
    engine: record.engine ?? '',
    profile: spec.profile,
    steps: stepsFor(record, context),
    ...(spec.timeoutMs === undefined ? {} : {timeoutMs: spec.timeoutMs}),
    graceMs: spec.graceMs,
    ...(spec.ifLost === 'retry' ? {stopAfterMs: Math.round(context.timing.lostAfter * stopBeforeLost)} : {}),
    ...(isOfBox ? {devbox: spec.devbox, generation: spec.generation} : {}),
    stdin: stdinOf(record),
    keepBox: isOfBox,
  };
}

const stdinOf = ({spec}: JobRecord): boolean => (spec.kind === 'run' ? spec.box.stdin : spec.kind === 'exec' && spec.command.stdin);
