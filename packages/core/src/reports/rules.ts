import type {DeliveryView, EventView} from '../api/index.ts';
import type {Timing} from '../config/index.ts';
import {isAfter} from '../events/rules.ts';

/** Whether an endpoint wants events of this type: named, of a family it wants (`job.*`), or any (`*`). */
export const wants = (patterns: readonly string[], type: string): boolean =>
  patterns.some(pattern => pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))));

/** How many events lie between two places; an estimate where Redis was lost in between. */
export const countAfter = (newest: string, cursor: string): number =>
  isAfter(newest, cursor) ? Math.max(1, Number(newest.split('-')[1]) - Number(cursor.split('-')[1])) : 0;

/** Where the stream begins later than behind the cursor: the place before its first event, and how many are missing. */
export function gapBefore(first: string | undefined, cursor: string): {readonly cursor: string; readonly missing: number} | undefined {
  if (first === undefined || !isAfter(first, cursor)) return undefined;
  const [life = '0', number = '0'] = first.split('-');
  const missing = Number(number) - Number(cursor.split('-')[1]) - 1;
  return missing <= 0 ? undefined : {cursor: `${life}-${Number(number) - 1}`, missing};
}

/** Twice as long each time, up to the most, by chance a fifth more or less, so that what failed together does not come back together. */
export function backOff(tries: number, {reportFirst, reportMost}: Pick<Timing, 'reportFirst' | 'reportMost'>, chance: number): number {
  const usual = Math.min(reportMost, reportFirst * 2 ** Math.min(tries - 1, 30));
  return Math.round(usual * (0.8 + chance * 0.4));
}

/** What an endpoint has behind it; milliseconds since 1970. */
export interface Progress {
  readonly cursor: string;
  readonly enabled: boolean;
  /** Of the event that is next. */
  readonly tries: number;
  readonly since?: number | undefined;
  /** Since when nothing at all was taken. */
  readonly failingSince?: number | undefined;
  readonly nextAt?: number | undefined;
}

export interface Failed {
  readonly tries: number;
  readonly since: number;
  readonly failingSince: number;
  readonly nextAt: number;
  /** Nothing was taken for as long as an endpoint may. */
  readonly givesUp: boolean;
}

/** What an event that was not taken leaves behind. `retryInMs` is what the receiver asked for, within bounds. */
export function failed(
  before: Progress,
  {now, chance, retryInMs = 0}: {readonly now: number; readonly chance: number; readonly retryInMs?: number | undefined},
  timing: Pick<Timing, 'reportFirst' | 'reportMost' | 'reportEndpoint'>,
): Failed {
  const tries = before.tries + 1;
  const failingSince = before.failingSince ?? now;
  const wait = Math.max(backOff(tries, timing, chance), Math.min(retryInMs, timing.reportMost));
  return {
    tries,
    since: before.since ?? now,
    failingSince,
    nextAt: now + wait,
    givesUp: now - failingSince >= timing.reportEndpoint,
  };
}

/** Whether an event failed for so long that the one behind it should say whose fault that is. */
export const isOverdue = ({since}: Progress, now: number, {reportEvent}: Pick<Timing, 'reportEvent'>): boolean =>
  since !== undefined && now - since >= reportEvent;

/** `ready` reads like `job.ended`, and is no event of the tenant's stream. */
export function testEvent(
  endpoint: {readonly id: string; readonly tenant: string},
  event: {id: string; time: string; actor: string},
): EventView {
  const {id, time, actor} = event;
  const data = {message: 'A test. Nothing happened.'};
  const subject = `webhooks/${endpoint.id}`;
  return {specversion: '1.0', id, type: 'webhook.test', source: 'boxyard', subject, time, tenant: endpoint.tenant, actor, seq: '0.0', data};
}

/** A delivery as the log keeps it, bounded. */
export function deliveryOf(
  event: Pick<EventView, 'id' | 'type' | 'seq'>,
  {at, ms, kind, tries}: {readonly at: string; readonly ms: number; readonly kind: DeliveryView['kind']; readonly tries: number},
  result: 'delivered' | 'gone' | {readonly why: string},
): DeliveryView {
  const outcome = typeof result === 'string' ? result : 'failed';
  const why = typeof result === 'string' ? (result === 'gone' ? 'it answered that it is gone (410)' : undefined) : result.why.slice(0, 300);
  const seq = kind === 'test' ? undefined : event.seq;
  return {
    event: event.id,
    type: event.type,
    at,
    ms,
    kind,
    outcome,
    tries,
    ...(why === undefined ? {} : {why}),
    ...(seq === undefined ? {} : {seq}),
  };
}
