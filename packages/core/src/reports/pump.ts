import type {z} from 'zod';
import type {DeadLetterView, DeliveryView, EventView} from '../api/index.ts';
import type {Timing} from '../config/index.ts';
import {asBoxyardError} from '../errors/index.ts';
import {isAfter} from '../events/rules.ts';
import type {EventStore} from '../events/store.ts';
import {iso} from '../rim/clock.ts';
import {deliveryOf, failed, gapBefore, isOverdue, wants} from './rules.ts';
import type {EndpointRecord, EndpointState} from './rules-record.ts';
import type {Look, ReportStore, Settled} from './store.ts';

type Event = z.infer<typeof EventView>;
export type Result = 'delivered' | 'gone' | {readonly why: string; readonly retryInMs?: number | undefined};

export interface PumpDeps {
  readonly store: ReportStore;
  readonly events: Pick<EventStore, 'read' | 'newest'>;
  /** Ends in time, below the lease; what goes wrong is its answer or a rejection. */
  readonly deliver: (endpoint: EndpointRecord, event: Event) => Promise<Result>;
  readonly timing: Timing;
  readonly now: () => number;
  readonly chance: () => number;
}

/** Why a pump rests: nothing to do behind this place, or not before this time; or it is no longer its turn. */
export type Rest = {readonly at: string; readonly tenant: string} | {readonly until: number} | 'over';

const batch = 100;
/** So many batches without an event that is wanted, and the cursor is moved. */
const mostRounds = 5;

/**
 * Delivers what an endpoint has before it, one event after the other, until there is no more. It has the endpoint's lease all
 * the time, so that no two pumps of any servers deliver at once, and gives it back at its end. A process that dies between
 * sending and writing it down sends the same event again, with the same id.
 */
export async function runPump(deps: PumpDeps, id: string, owner: string, signal: AbortSignal): Promise<Rest> {
  const ahead = createAhead(deps.events);
  try {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const look = await deps.store.look(id, owner);
      if (look === undefined) return 'over';
      const rest = await step(deps, {look, owner, ahead, isFirst});
      if (rest !== undefined) return rest;
    }
    return 'over';
  } finally {
    await deps.store.release(id, owner).catch(() => undefined);
  }
}

interface Step {
  readonly look: Look;
  readonly owner: string;
  readonly ahead: Ahead;
  readonly isFirst: boolean;
}

async function step(deps: PumpDeps, given: Step): Promise<Rest | undefined> {
  const {record, state, extra} = given.look;
  if (extra !== undefined) return sendExtra(deps, given, extra);
  if (!state.enabled) return {at: state.cursor, tenant: record.tenant};
  if (state.nextAt !== undefined && state.nextAt > deps.now()) return {until: state.nextAt};
  if (given.isFirst && (await overGap(deps, given))) return undefined;
  const {event, passed} = await given.ahead.after(record, state.cursor);
  if (event === undefined && passed === state.cursor) return {at: passed, tenant: record.tenant};
  if (event === undefined) return void (await deps.store.settle(record, given.owner, {set: {cursor: passed}}));
  return sendNext(deps, given, event);
}

/** Events that were trimmed before their turn: counted, said, and not waited for. */
async function overGap({store}: PumpDeps, {look: {record, state}, owner}: Step): Promise<boolean> {
  const gap = gapBefore(await store.first(record.tenant), state.cursor);
  if (gap === undefined) return false;
  const fact = {type: 'webhook.skipped', data: {name: record.name, events: gap.missing}};
  await store.settle(record, owner, {set: {cursor: gap.cursor}, clear: ['tries', 'since', 'nextAt'], skipped: gap.missing, fact});
  return true;
}

async function sendNext(deps: PumpDeps, given: Step, event: Event): Promise<undefined> {
  const {record, state} = given.look;
  const tried = await send(deps, record, event, {kind: 'event', tries: state.tries + 1});
  if (tried.result === 'delivered') return keep(deps, given, {...taken(event), deliveries: [tried.delivery]});
  if (tried.result === 'gone') return keep(deps, given, {...disabled(deps, record, goneWhy), deliveries: [tried.delivery]});
  const now = deps.now();
  if (isOverdue(state, now, deps.timing) && (await deps.store.look(record.id, given.owner)) !== undefined) {
    const after = await given.ahead.after(record, idOf(event));
    if (after.event !== undefined) {
      const other = await send(deps, record, after.event, {kind: 'next', tries: 1});
      if (other.result === 'delivered') {
        const dead = {letter: letterOf(event, state, {now, why: tried.delivery.why ?? ''}), event};
        return keep(deps, given, {...taken(after.event), dead, deliveries: [tried.delivery, other.delivery]});
      }
      const outcome = other.result === 'gone' ? disabled(deps, record, goneWhy) : failure(deps, given, tried.result);
      return keep(deps, given, {...outcome, deliveries: [tried.delivery, other.delivery]});
    }
  }
  return keep(deps, given, {...failure(deps, given, tried.result), deliveries: [tried.delivery]});
}

async function keep({store}: PumpDeps, {look, owner}: Step, settled: Settled): Promise<undefined> {
  await store.settle(look.record, owner, settled);
}

const idOf = (event: Event): string => event.seq.replace('.', '-');
const ofFailure = ['tries', 'since', 'failingSince', 'nextAt', 'failure'];
const goneWhy = 'the receiver answered that it is gone (410)';

const taken = (event: Event): Settled => ({set: {cursor: idOf(event)}, clear: ofFailure, taken: true});

function failure(deps: PumpDeps, {look: {record, state}}: Step, result: Exclude<Result, string>): Settled {
  const {why, retryInMs} = result;
  const {givesUp, ...set} = failed(state, {now: deps.now(), chance: deps.chance(), retryInMs}, deps.timing);
  if (givesUp) return disabled(deps, record, `nothing was taken for ${Math.round(deps.timing.reportEndpoint / 3_600_000)} h; last: ${why}`);
  return {set: {...set, failure: why.slice(0, 300)}};
}

/** Its place is kept: whoever enables it goes on there, or skips. */
const disabled = ({now}: PumpDeps, {name}: EndpointRecord, reason: string): Settled => ({
  set: {enabled: 0, reason: reason.slice(0, 300), disabledAt: now()},
  clear: ofFailure,
  fact: {type: 'webhook.disabled', data: {name, reason: reason.slice(0, 300)}},
});

/** Sent whatever state the endpoint is in, once. That it was taken ends the waiting. */
async function sendExtra(deps: PumpDeps, given: Step, {text, value}: NonNullable<Look['extra']>): Promise<undefined> {
  const {result, delivery} = await send(deps, given.look.record, value.event, {kind: value.kind, tries: 1});
  const isTaken = result === 'delivered';
  return keep(deps, given, {
    sent: text,
    deliveries: [delivery],
    ...(isTaken ? {clear: ['failingSince', 'nextAt']} : {}),
    ...(isTaken && value.dead !== undefined ? {revived: value.dead} : {}),
  });
}

async function send(
  {deliver, now}: PumpDeps,
  record: EndpointRecord,
  event: Event,
  what: {readonly kind: DeliveryView['kind']; readonly tries: number},
): Promise<{readonly result: Result; readonly delivery: DeliveryView}> {
  const at = iso(now());
  const began = performance.now();
  const result = inOneLine(await deliver(record, event).catch((error: unknown): Result => ({why: asBoxyardError(error).message})));
  return {result, delivery: deliveryOf(event, {...what, at, ms: Math.round(performance.now() - began)}, result)};
}

/** What a plugin says may be pages; what is kept of it is a line. */
const inOneLine = (result: Result): Result =>
  typeof result === 'string' ? result : {...result, why: result.why.replaceAll(/\s+/g, ' ').trim().slice(0, 1_000)};

const letterOf = (event: Event, state: EndpointState, {now, why}: {readonly now: number; readonly why: string}): DeadLetterView => ({
  event: event.id,
  type: event.type,
  seq: event.seq,
  subject: event.subject,
  time: event.time,
  failingSince: iso(state.since ?? now),
  at: iso(now),
  tries: state.tries + 1,
  why,
});

type Ahead = ReturnType<typeof createAhead>;

/** Reads the stream ahead in batches. The next event that the endpoint wants, or how far there is none. */
function createAhead(events: PumpDeps['events']) {
  let known: readonly Event[] = [];
  let readFrom = '';
  const behind = async (tenant: string, place: string): Promise<readonly Event[]> => {
    const rest = readFrom === '' || isAfter(readFrom, place) ? [] : known.filter(event => isAfter(idOf(event), place));
    if (rest.length > 0) return rest;
    known = (await events.read(tenant, place, batch)).events;
    readFrom = place;
    return known;
  };
  return {
    after: async ({tenant, events: patterns}: EndpointRecord, cursor: string): Promise<{event: Event | undefined; passed: string}> => {
      let passed = cursor;
      for (let round = 0; round < mostRounds; round += 1) {
        const found = await behind(tenant, passed);
        const event = found.find(each => wants(patterns, each.type));
        if (event !== undefined || found.length === 0) return {event, passed};
        passed = idOf(found.at(-1)!);
      }
      return {event: undefined, passed};
    },
  };
}
