import type {JobView} from '@boxyard/core/api';
import {BoxyardError, fromWire} from '@boxyard/core/errors';

/** The CLI's exit code for an ended job that ran a command: the command's own, or one that says why there is none. */
export function commandExit(job: JobView): number {
  if (job.partial) return 7;
  if (job.outcome === 'cancelled') return 130;
  if (job.reason?.code === 'deadline' || job.reason?.code === 'queue_timeout') return 124;
  if (job.children !== undefined) return job.outcome === 'succeeded' ? 0 : 1;
  if (job.outcome === 'lost') return 125;
  if (job.exit !== undefined && 'code' in job.exit) return job.exit.code;
  return job.outcome === 'succeeded' ? 0 : 125;
}

/** 0 where the job did what was asked, 7 where a part of it, 130 where it was cancelled, else 1. */
export function resultExit(job: JobView): number {
  if (job.partial) return 7;
  if (job.outcome === 'cancelled') return 130;
  return job.outcome === 'succeeded' ? 0 : 1;
}

/** Why a job that ended otherwise than by its command's exit did so; undefined where there is nothing to add. */
export function failureOf(job: JobView): BoxyardError | undefined {
  if (job.outcome === 'succeeded' && !job.partial) return undefined;
  if (job.outcome === 'cancelled') return new BoxyardError('INTERRUPTED', {}, {message: cancelledText(job), hint: ''});
  if (job.error !== undefined) return fromWire(job.error);
  const hasCode = job.exit !== undefined && 'code' in job.exit;
  if (hasCode && job.outcome === 'failed' && job.reason === undefined) return undefined;
  const message = job.reason?.message ?? (job.children === undefined ? 'it failed' : 'not every part succeeded');
  return new BoxyardError('CONFLICT', {}, {message: `Job ${job.id}: ${message}`, hint: job.reason?.hint ?? nextStep(job)});
}

const nextStep = ({id, devbox, name, reason, session}: JobView): string =>
  reason?.code === 'engine_restarted' && session !== undefined && devbox !== undefined
    ? `boxyard terminal ${devbox.name}/${name ?? 'shell'} begins a new one in the same directory.`
    : `boxyard jobs show ${id}`;

function cancelledText(job: JobView): string {
  const by = job.cancelRequested === undefined ? '' : ` by ${job.cancelRequested.actor}`;
  const isSure = job.source === 'worker' || job.worker === undefined || job.cancelRequested?.confirmed === true;
  return `Job ${job.id} was cancelled${by}${isSure ? '' : `; not yet confirmed by ${job.worker?.name}, where it may still run`}.`;
}
