import type {z} from 'zod';
import type {DevBoxView, Presence} from '../api/index.ts';
import {parseCapabilities} from '../images/rules.ts';
import {egressOf} from '../security/rules.ts';
import {type DevBoxRecord, type WorkingJob, devboxState} from './rules.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

const longestTask = 200;
const firstLine = (text: string): string => text.trimStart().split('\n', 1)[0]!.slice(0, longestTask);

/** A DevBox as a client sees it. Pure. */
export function devboxView(
  record: DevBoxRecord,
  busy: WorkingJob | undefined,
  presence: z.infer<typeof Presence> | undefined,
): z.infer<typeof DevBoxView> {
  const {state, reason} = devboxState(record, busy, presence);
  const {spec} = record;
  return {
    id: record.id,
    name: record.name,
    tenant: record.tenant,
    state,
    ...(reason === undefined ? {} : {reason}),
    ...(record.worker === undefined ? {} : {worker: record.worker}),
    ...(record.engine === undefined ? {} : {engine: record.engine}),
    ...(spec.box.image === undefined ? {} : {image: spec.box.image}),
    ...(spec.source?.kind === 'repo' && spec.source.branch !== undefined ? {branch: spec.source.branch} : {}),
    ...(spec.task === undefined ? {} : {task: firstLine(spec.task)}),
    profile: spec.profile,
    egress: egressOf(spec.profile),
    capabilities: parseCapabilities(spec.labels['io.boxyard.capabilities']),
    memoryBytes: spec.needs.memoryBytes,
    ...(record.busy === undefined ? {} : {job: record.busy}),
    waiting: [...record.queue],
    ...(record.removal === undefined ? {} : {removesAt: iso(record.removal.at)}),
    ...(record.box === undefined ? {} : {box: record.box}),
    ...(record.seen === undefined ? {} : {seenAt: iso(record.seen.at)}),
    generation: record.generation,
    actor: record.actor,
    createdAt: iso(record.createdAt),
    v: record.v,
  };
}
