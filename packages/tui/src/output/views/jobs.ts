import type {JobView, Progress, Totals} from '@boxyard/core/api';
import {formatAge, formatSpan} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';
import {ownWords} from '../shell-command.ts';
import {triggerText} from './trigger.ts';

/** `exit 3`, `killed (SIGKILL)`, `out of memory`, `unknown (…)`; undefined while there is none. */
export function exitText(job: Pick<JobView, 'exit'>): string | undefined {
  if (job.exit === undefined) return undefined;
  if ('unknown' in job.exit) return `unknown (${job.exit.unknown})`;
  if (job.exit.outOfMemory) return `exit ${job.exit.code} (out of memory)`;
  return job.exit.signal === undefined ? `exit ${job.exit.code}` : `exit ${job.exit.code} (${job.exit.signal})`;
}

/** One word for where a job is; what only the server decided says so. */
export function statusText(job: JobView): string {
  if (job.state !== 'ended') return job.cancelRequested ? 'cancelling' : job.state === 'sent' ? 'starting' : job.state;
  const outcome = job.partial ? `${job.outcome} (partial)` : (job.outcome ?? 'ended');
  return job.source === 'server' && job.worker !== undefined ? `${outcome}, not confirmed` : outcome;
}

export function commandText(job: JobView): string {
  const {spec} = job;
  if (spec.kind === 'display') return `${spec.display} ${spec.width}x${spec.height}`;
  if (spec.kind === 'exec') return ownWords(spec.command.argv);
  if (spec.kind === 'run') return Array.isArray(spec.box.main) ? spec.box.main.join(' ') : (spec.box.image ?? '');
  if ('ref' in spec) return spec.ref;
  return job.devbox?.name ?? '';
}

export const totalsText = (totals: Totals): string =>
  [
    `${totals.total} in all`,
    ...(['succeeded', 'failed', 'cancelled', 'lost', 'running', 'queued'] as const).flatMap(key =>
      totals[key] > 0 ? [`${totals[key]} ${key}`] : [],
    ),
  ].join(', ');

const percent = ({done, total}: Progress): string => (total === undefined || total === 0 ? '' : `, ${Math.floor((done / total) * 100)} %`);

/** `3 of 10, 30 %: linking` */
export const progressText = (progress: Progress): string =>
  `${progress.done}${progress.total === undefined ? '' : ` of ${progress.total}`}${percent(progress)}${progress.step === '' ? '' : `: ${progress.step}`}`;

function resultText({result, resultBytes, id}: JobView): string | undefined {
  if (resultBytes === undefined) return undefined;
  const text = result === undefined ? undefined : typeof result === 'string' ? result : JSON.stringify(result, undefined, 2);
  return text !== undefined && text.length <= MOST_SHOWN ? text.trimEnd() : `${resultBytes} bytes: boxyard jobs result ${id}`;
}

const MOST_SHOWN = 4_000;

export const jobName = (job: JobView): string => job.id;

export const jobList: ListView<JobView> = {
  name: jobName,
  empty: 'No jobs. Try: boxyard run -- uname -a',
  columns: [
    {title: 'ID', cell: job => job.id},
    {title: 'KIND', cell: job => job.kind, spare: true},
    {title: 'STATUS', cell: statusText},
    {title: 'EXIT', cell: job => (job.exit && 'code' in job.exit ? String(job.exit.code) : ''), align: 'right', spare: true},
    {title: 'PROGRESS', cell: job => (job.progress === undefined ? '' : progressText(job.progress)), wide: true},
    {title: 'ENGINE', cell: job => job.engine ?? '', wide: true},
    {title: 'WORKER', cell: job => job.worker?.name ?? '', flexible: true, spare: true},
    {title: 'AGE', cell: (job, now) => formatAge(job.createdAt, now), sort: job => -Date.parse(job.createdAt), align: 'right', spare: true},
    {title: 'TOOK', cell: (job, now) => tookText(job, now) ?? '', sort: job => tookMs(job), align: 'right', spare: true},
    {title: 'IMAGE', cell: job => job.image?.ref ?? '', wide: true},
    {title: 'BY', cell: job => job.actor, wide: true},
    {title: 'WHAT', cell: commandText, flexible: true},
  ],
};

function tookMs({startedAt, endedAt}: JobView, now = Date.now()): number | undefined {
  return startedAt === undefined ? undefined : (endedAt === undefined ? now : Date.parse(endedAt)) - Date.parse(startedAt);
}

function tookText(job: JobView, now: number): string | undefined {
  const ms = tookMs(job, now);
  return ms === undefined ? undefined : formatSpan(ms);
}

const phaseText = (job: JobView, now: number): string =>
  job.phases
    .map(phase => {
      const endedAt = phase.endedAt === undefined ? now : Date.parse(phase.endedAt);
      const took = ((endedAt - Date.parse(phase.startedAt)) / 1000).toFixed(1);
      return `${phase.name} ${took} s${phase.endedAt === undefined ? ' (so far)' : ''}${phase.detail === undefined ? '' : `  ${phase.detail}`}`;
    })
    .join('\n');

const refusalText = (job: JobView): string =>
  (job.refusals ?? []).map(({name, why, hint}) => `${name}: ${why}${hint === undefined ? '' : `\n  ${hint}`}`).join('\n');

/** Then the reason is that refusal once more. */
const isOneRefusal = ({refusals = [], reason}: JobView): boolean =>
  refusals.length === 1 && reason?.message.includes(refusals[0]!.why) === true;

const gapText = (job: JobView): string => (job.gaps ?? []).map(gap => `${gap.stream} ${gap.from}–${gap.to} (${gap.reason})`).join('\n');

const reasonText = (job: JobView): string | undefined =>
  isOneRefusal(job) ? undefined : job.reason && [job.reason.message, job.reason.hint].filter(Boolean).join('\n');

const errorText = ({error}: JobView): string | undefined => error && [error.message, error.hint].filter(Boolean).join('\n');

/** How a job ended, and why where it did not do what was asked. */
export function endText(job: JobView): string {
  const how = `Job ${job.id}: ${statusText(job)}`;
  const result = job.children === undefined || job.resultBytes === undefined ? undefined : `What came of it: boxyard jobs result ${job.id}`;
  if (job.outcome === 'succeeded' && !job.partial) return [`${how}.`, result].filter(Boolean).join('\n');
  const exit = exitText(job);
  const [children, error] = [job.children && totalsText(job.children), errorText(job)];
  // An error is often the reason once more.
  const reason = error !== undefined && job.reason !== undefined && error.startsWith(job.reason.message) ? undefined : reasonText(job);
  return [`${how}${exit === undefined ? '' : `, ${exit}`}.`, children, reason, refusalText(job), error, result].filter(Boolean).join('\n');
}

/** Files that two jobs changed: both versions are there. */
export const conflictText = ({conflicts = []}: JobView): string =>
  conflicts.map(({path, kept}) => `${path}: also kept as ${kept}`).join('\n');

export function jobText(job: JobView, now: number): string {
  return renderFields([
    ['Job', job.id],
    ['Name', job.name],
    ['Kind', job.kind],
    ['Status', statusText(job)],
    ['Exit', exitText(job)],
    ['Reason', reasonText(job)],
    ['Refused by', refusalText(job)],
    ['Error', errorText(job)],
    ['Command', commandText(job)],
    ['Worker', job.worker?.name],
    ['Engine', job.engine],
    ['Profile', job.egress === undefined ? job.spec.profile : `${job.spec.profile} (egress: ${job.egress})`],
    ['Image', job.image?.ref],
    ['DevBox', job.devbox?.name],
    ['Role', job.origin && `${job.origin.cluster.name}/${job.origin.role.name}`],
    ['Trigger', job.origin && triggerText(job.origin.trigger)],
    ['Conflicts', conflictText(job)],
    ['Attempt', String(job.attempt.number)],
    ['Children', job.children && totalsText(job.children)],
    ['Gathered by', job.gatherJob],
    ['Progress', job.progress && progressText(job.progress)],
    ['Result', resultText(job)],
    ['Created', `${job.createdAt} by ${job.actor}`],
    ['Started', job.startedAt],
    ['Ended', job.endedAt],
    ['Phases', phaseText(job, now)],
    ['Log', job.logsComplete ? 'complete' : job.state === 'ended' ? 'not complete' : undefined],
    ['Gaps', gapText(job)],
    [
      'Cancelled',
      job.cancelRequested &&
        `${job.cancelRequested.at} by ${job.cancelRequested.actor}${job.cancelRequested.confirmed ? '' : ', not yet confirmed'}`,
    ],
  ]);
}
