/**
 * A worker: what its agent registered, what people decided about it, and the facts of its connection. Presence is a function
 * of these: `never` → `online` ⇄ `offline` → `lost`, and `asleep` beside. Lost counts only time in which a server could have
 * heard the worker (R21): `heard` below is that clock, a sum of milliseconds kept in Redis.
 */
import type {z} from 'zod';
import type {Presence} from '../api/index.ts';
import type {Timing} from '../config/index.ts';
import type {BoxSeen, FromAgent, Heartbeat, Labels, TenantId, WorkerId} from '../protocol/index.ts';
import type {Candidate} from '../jobs/rules-place.ts';

export type Registration = Omit<Extract<FromAgent, {type: 'worker.register'}>, 'type'>;

export interface Connection {
  readonly process: string;
  readonly machine: string;
  readonly boot: string;
  readonly epoch: number;
  readonly at: number;
}

export interface WorkerRecord {
  readonly v: number;
  readonly id: WorkerId;
  readonly tenant: TenantId;
  readonly name: string;
  readonly createdAt: number;
  readonly registration?: Registration | undefined;
  /** Set by people; win over what the agent says of itself. */
  readonly labels: Labels;
  readonly unset: readonly string[];
  readonly cordoned?: {readonly at: number; readonly actor: string} | undefined;
  readonly draining?: {readonly at: number; readonly actor: string} | undefined;
  readonly connection?: Connection | undefined;
  /** Undefined while connected. */
  readonly away?: {readonly at: number; readonly heard: number} | undefined;
  /** The last time it was away, by the clock of being heard: what it says of the network counts for others. */
  readonly wasAway?: {readonly heard: number; readonly until: number} | undefined;
  readonly asleep?: {readonly at: number} | undefined;
  readonly lost?: {readonly at: number} | undefined;
  readonly quarantined?: {readonly at: number} | undefined;
  readonly takeovers?: readonly number[] | undefined;
  /** The last time that another agent came with its credential while it was connected, and was refused. */
  readonly duplicate?: {readonly at: number; readonly isOtherMachine: boolean} | undefined;
  readonly clockSkewMs?: number | undefined;
  readonly orphans: readonly (BoxSeen & {readonly engine: string})[];
}

export const presenceOf = (record: WorkerRecord): z.infer<typeof Presence> => {
  if (record.connection === undefined) return 'never';
  if (record.asleep !== undefined) return 'asleep';
  if (record.away === undefined) return 'online';
  return record.lost === undefined ? 'offline' : 'lost';
};

const gib = 1024 ** 3;

/** What it offers to jobs and boxes (R4). */
export function offerOf(record: WorkerRecord): {readonly slots: number; readonly memory: number} {
  const {registration} = record;
  if (registration === undefined) return {slots: 0, memory: 0};
  const kept = Math.max(gib / 2, Math.floor(registration.memoryTotal * 0.1));
  return {
    slots: registration.slots ?? Math.max(2, registration.cpuCount),
    memory: registration.memory ?? Math.max(0, registration.memoryTotal - kept),
  };
}

export function labelsOf(record: WorkerRecord): Labels {
  const own = {
    ...(record.registration?.arch === undefined ? {} : {arch: record.registration.arch}),
    ...(record.registration?.labels ?? {}),
  };
  const kept = Object.entries(own).filter(([key]) => !record.unset.includes(key));
  return {...Object.fromEntries(kept), ...record.labels};
}

export interface Live {
  readonly used: {readonly slots: number; readonly memory: number};
  readonly heartbeat?: Heartbeat | undefined;
  readonly images: ReadonlySet<string>;
}

/** How placement sees it. */
export function candidateOf(record: WorkerRecord, live: Live, now: number): Candidate {
  const offer = offerOf(record);
  return {
    id: record.id,
    name: record.name,
    closed: closedOf(record, live, now),
    platform: record.registration?.platform,
    labels: labelsOf(record),
    floor: record.registration?.floor,
    engines: record.registration?.engines ?? [],
    slots: {total: offer.slots, used: live.used.slots},
    memory: {total: offer.memory, used: live.used.memory},
    images: live.images,
  };
}

function closedOf(record: WorkerRecord, live: Live, now: number): Candidate['closed'] {
  const ago = (at: number) => `${describeAge(now - at)} ago`;
  const presence = presenceOf(record);
  if (presence === 'never') return {code: 'offline', why: 'it never connected', hint: 'boxyard worker run, on that machine'};
  if (record.quarantined)
    return {code: 'quarantined', why: 'two machines use its credential', hint: `boxyard workers remove ${record.name}, then join each`};
  if (record.draining)
    return {
      code: 'draining',
      why: `draining by ${record.draining.actor} ${ago(record.draining.at)}`,
      hint: `boxyard workers drain ${record.name} --off`,
    };
  const away = presence === 'online' ? undefined : `${presence} since ${ago((record.asleep ?? record.away)?.at ?? now)}`;
  if (record.cordoned)
    return {
      code: 'cordoned',
      why: `cordoned by ${record.cordoned.actor} ${ago(record.cordoned.at)}${away === undefined ? '' : `, and ${away}`}`,
      hint: `boxyard workers cordon ${record.name} --off`,
    };
  if (away !== undefined) return {code: presence, why: away};
  if (live.heartbeat?.diskPressure) return {code: 'disk', why: 'its disk is nearly full', hint: 'free some space there'};
  return undefined;
}

export function describeAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 129_600 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

type LossTiming = Pick<Timing, 'lostAfter' | 'massWindow' | 'massLostEvery' | 'asleepLost'>;

/**
 * The one worker to declare lost now, if any. A mass disconnect (at least two, and half of those then connected, within a
 * minute) is more likely our own network: those get four times as long, once, and then go one per `massLostEvery`. The
 * first ones to return do not take that from the rest, who have another minute to follow.
 */
export function lostNow(
  workers: readonly WorkerRecord[],
  clock: {readonly heard: number; readonly lastMassLost: number},
  timing: LossTiming,
): {readonly worker: WorkerRecord; readonly isMass: boolean} | undefined {
  const away = workers.filter(worker => worker.away !== undefined && worker.lost === undefined && worker.asleep === undefined);
  for (const worker of away) {
    const sinceMs = clock.heard - worker.away!.heard;
    if (sinceMs < timing.lostAfter) continue;
    if (!isMassDisconnect(worker, workers, {heard: clock.heard, windowMs: timing.massWindow})) return {worker, isMass: false};
    if (sinceMs >= timing.lostAfter * 4 && clock.heard - clock.lastMassLost >= timing.massLostEvery) return {worker, isMass: true};
  }
  return undefined;
}

export function isMassDisconnect(
  worker: WorkerRecord,
  workers: readonly WorkerRecord[],
  {heard, windowMs}: {readonly heard: number; readonly windowMs: number},
): boolean {
  const at = worker.away!.heard;
  const together = workers.filter(({away, wasAway}) => {
    const went = away ?? (wasAway !== undefined && heard - wasAway.until < windowMs ? wasAway : undefined);
    return went !== undefined && Math.abs(went.heard - at) <= windowMs;
  });
  const wereConnected = workers.filter(
    other => other.connection !== undefined && (other.away === undefined || other.away.heard >= at - windowMs),
  );
  return together.length >= 2 && together.length * 2 >= wereConnected.length;
}
