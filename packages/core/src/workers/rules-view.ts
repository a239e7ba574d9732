import type {z} from 'zod';
import type {WorkerView} from '../api/index.ts';
import type {Heartbeat} from '../protocol/index.ts';
import {type Live, type WorkerRecord, labelsOf, offerOf, presenceOf} from './rules.ts';

type View = z.infer<typeof WorkerView>;

export interface ViewedWorker extends Live {
  readonly record: WorkerRecord;
  readonly heartbeat?: Heartbeat | undefined;
  readonly heartbeatAt?: number | undefined;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** A worker as a client sees it. Pure. */
export function workerView(
  {record, used, heartbeat, heartbeatAt}: ViewedWorker,
  counts: {devboxes: number; jobs: number},
  now: number,
): View {
  const {registration} = record;
  const offer = offerOf(record);
  const {status, reason} = statusOf(record, now);
  const {type: _type, ...figures} = heartbeat ?? {};
  return {
    id: record.id,
    name: record.name,
    tenant: record.tenant,
    presence: presenceOf(record),
    status,
    ...(reason === undefined ? {} : {statusReason: reason}),
    ...(registration === undefined
      ? {}
      : {
          hostname: registration.hostname,
          platform: registration.platform,
          ...(registration.arch === undefined ? {} : {arch: registration.arch}),
          cpuCount: registration.cpuCount,
          memoryTotal: registration.memoryTotal,
          agentVersion: registration.agentVersion,
          mode: registration.mode,
          ...(registration.floor === undefined ? {} : {floor: registration.floor}),
        }),
    engines: [...(registration?.engines ?? [])],
    ...(registration?.displays === undefined ? {} : {displays: [...registration.displays]}),
    labels: labelsOf(record),
    slots: {total: offer.slots, free: Math.max(0, offer.slots - used.slots)},
    memory: {total: offer.memory, free: Math.max(0, offer.memory - used.memory)},
    ...counts,
    ...(heartbeat === undefined ? {} : {heartbeat: figures as View['heartbeat']}),
    ...(heartbeatAt === undefined ? {} : {lastHeartbeatAt: iso(heartbeatAt)}),
    ...(record.connection === undefined ? {} : {connectedAt: iso(record.connection.at)}),
    ...(record.clockSkewMs === undefined ? {} : {clockSkewMs: record.clockSkewMs}),
    ...(record.duplicate === undefined ? {} : {duplicate: {at: iso(record.duplicate.at), isOtherMachine: record.duplicate.isOtherMachine}}),
    orphans: [...record.orphans],
    createdAt: iso(record.createdAt),
    v: record.v,
  };
}

/** What matters most about it, in one word. */
function statusOf(record: WorkerRecord, now: number): {status: View['status']; reason?: string} {
  const presence = presenceOf(record);
  const since = (at: number) => `since ${iso(at)} (${Math.round((now - at) / 1_000)} s)`;
  if (record.quarantined) return {status: 'quarantined', reason: 'two machines use its credential'};
  if (presence === 'never') return {status: 'never', reason: 'it never connected'};
  if (presence !== 'online') return {status: presence, reason: since((record.asleep ?? record.away)?.at ?? now)};
  if (record.draining) return {status: 'draining', reason: `by ${record.draining.actor} ${since(record.draining.at)}`};
  if (record.cordoned) return {status: 'cordoned', reason: `by ${record.cordoned.actor} ${since(record.cordoned.at)}`};
  return {status: 'ready'};
}
