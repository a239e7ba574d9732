import type {Refusal} from '../api/index.ts';
import {nearest} from '../errors/index.ts';
import type {EngineReport, Needs, Platform, Profile} from '../protocol/index.ts';
import {isAllowedBy} from '../security/rules.ts';

/** A worker as placement sees it: facts and reservations, nothing of the wire. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  /** Why it takes no work at all now (`offline`, `cordoned`, `asleep`, …); undefined if it does. */
  readonly closed: {readonly code: string; readonly why: string; readonly hint?: string | undefined} | undefined;
  readonly platform: Platform | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly floor: Profile | undefined;
  readonly engines: readonly EngineReport[];
  readonly slots: {readonly total: number; readonly used: number};
  readonly memory: {readonly total: number; readonly used: number};
  readonly images: ReadonlySet<string>;
}

export type Placement =
  | {readonly worker: Candidate; readonly engine: string; readonly refusals?: undefined}
  | {readonly worker?: undefined; readonly refusals: readonly Refusal[]};

export interface Want {
  readonly needs: Needs;
  readonly image?: string | undefined;
}

/** The worker with the image and the least reserved, or why each one did not take it. Pure. */
export function place(want: Want, workers: readonly Candidate[]): Placement {
  const refusals: Refusal[] = [];
  const known = [...new Set(workers.flatMap(worker => worker.engines.map(engine => engine.name)))];
  let best: {worker: Candidate; engine: string; score: number} | undefined;
  for (const worker of workers) {
    const answer = ask(want.needs, worker, known);
    if (typeof answer !== 'string') {
      refusals.push(answer);
      continue;
    }
    const score = loadOf(worker, want.needs) + (want.image === undefined || worker.images.has(want.image) ? 0 : 1);
    if (best === undefined || score < best.score) best = {worker, engine: answer, score};
  }
  return best ?? {refusals: refusals.toSorted((a, b) => Number(a.code === 'other_worker') - Number(b.code === 'other_worker'))};
}

/** The part of reservations the fuller of its two resources has after the job. */
function loadOf(worker: Candidate, needs: Needs): number {
  const slots = (worker.slots.used + needs.slots) / Math.max(1, worker.slots.total);
  const memory = (worker.memory.used + needs.memoryBytes) / Math.max(1, worker.memory.total);
  return Math.max(slots, memory);
}

/** The engine that would take it, or the refusal; `known` are the engines of all workers. Hard needs first, then what changes by itself. */
export function ask(needs: Needs, worker: Candidate, known: readonly string[] = []): string | Refusal {
  const no = (code: string, why: string, hint?: string): Refusal => ({
    worker: worker.id,
    name: worker.name,
    code,
    why,
    ...(hint ? {hint} : {}),
  });
  const hard = isUnknown(worker) ? (otherNamed(needs, worker) ?? worker.closed) : refusesFor(needs, worker);
  if (hard !== undefined) return no(hard.code, hard.why, hard.hint);
  const engine = engineFor(needs, worker);
  if (typeof engine !== 'string') return no(engine.code, engine.why, engine.hint ?? slipOf(needs, engine, known));
  if (worker.closed !== undefined) return no(worker.closed.code, worker.closed.why, worker.closed.hint);
  if (needs.slots > 0 && worker.slots.used + needs.slots > worker.slots.total)
    return no('full', `all ${worker.slots.total} slots are taken`, 'wait for a job to end, or boxyard worker run --slots N there');
  if (needs.memoryBytes > 0 && worker.memory.used + needs.memoryBytes > worker.memory.total)
    return no(
      'full',
      `${gib(worker.memory.total - worker.memory.used)} of ${gib(worker.memory.total)} GiB free, ${gib(needs.memoryBytes)} asked`,
      '--memory asks for less',
    );
  return engine;
}

/** An engine that no worker has may be a slip of the pen; one that another worker has is not. */
function slipOf(needs: Needs, refusal: No, known: readonly string[]): string | undefined {
  if (refusal.code !== 'engine' || needs.engine === undefined || known.includes(needs.engine)) return undefined;
  const meant = nearest(needs.engine, known);
  return meant === undefined ? undefined : `Did you mean ${meant}?`;
}

interface No {
  readonly code: string;
  readonly why: string;
  readonly hint?: string;
}

/** It never connected: what it has is not known, so that alone is why. */
const isUnknown = (worker: Candidate): boolean => worker.closed !== undefined && worker.platform === undefined;

const otherNamed = (needs: Needs, worker: Candidate): No | undefined =>
  needs.worker !== undefined && needs.worker !== worker.id ? {code: 'other_worker', why: 'another worker was named'} : undefined;

/** What a worker can never be for these needs, whatever else happens there: its class of needs (R13). */
function refusesFor(needs: Needs, worker: Candidate): No | undefined {
  const other = otherNamed(needs, worker);
  if (other !== undefined) return other;
  if (needs.platform !== undefined && worker.platform !== needs.platform)
    return {code: 'platform', why: `it is ${worker.platform ?? 'unknown'}, ${needs.platform} was asked`};
  if (!isAllowedBy(worker.floor, needs.profile))
    return {
      code: 'FLOOR_REFUSED',
      why: `it allows nothing weaker than ${worker.floor}; asked was ${needs.profile}`,
      hint: `--profile ${worker.floor}`,
    };
  const missing = Object.entries(needs.labels).find(([key, value]) => labelOf(worker, key) !== value);
  if (missing !== undefined)
    return {
      code: 'label',
      why: `label ${missing[0]} is ${labelOf(worker, missing[0]) ?? 'not set'}, ${missing[1]} was asked`,
      hint: `boxyard workers label ${worker.name} ${missing[0]}=${missing[1]}`,
    };
  return undefined;
}

const labelOf = (worker: Candidate, key: string): string | undefined => worker.labels[key];

/** The first usable engine in the worker's own order; `process` only where it is named (R8). */
function engineFor(needs: Needs, worker: Candidate): string | No {
  const named = worker.engines.filter(engine => (needs.engine === undefined ? engine.name !== 'process' : engine.name === needs.engine));
  if (named.length === 0)
    return needs.engine === undefined
      ? {code: 'NO_CONTAINER_ENGINE', why: 'it has neither podman nor docker', hint: 'sudo apt-get install podman'}
      : {code: 'engine', why: `it has no engine ${needs.engine}`};
  const usable = named.filter(engine => engine.usable);
  const first = named[0]!;
  if (usable.length === 0)
    return {code: 'ENGINE_UNAVAILABLE', why: `${first.name}: ${first.why ?? 'not usable'}`, ...(first.fix ? {hint: first.fix} : {})};
  const able = usable.filter(engine => needs.features.every(feature => engine.features.includes(feature)));
  if (able.length === 0) return {code: 'feature', why: `${usable[0]!.name} has no ${missingOf(needs.features, usable[0]!.features)}`};
  const strict = able.find(engine => needs.enforces.every(restriction => engine.enforces.includes(restriction)));
  if (strict === undefined)
    return {
      code: 'PROFILE_UNSUPPORTED',
      why: `${able[0]!.name} cannot enforce ${missingOf(needs.enforces, able[0]!.enforces)} of the profile ${needs.profile}`,
      hint: '--profile open',
    };
  return strict.name;
}

const missingOf = (wanted: readonly string[], there: readonly string[]): string => wanted.filter(each => !there.includes(each)).join(', ');

/** Whether the worker is of the class at all; used to walk the classes a freed slot satisfies. */
export const isOfClass = (needs: Needs, worker: Candidate): boolean =>
  refusesFor(needs, worker) === undefined && typeof engineFor(needs, worker) === 'string';

const gib = (bytes: number): string => (Math.max(0, bytes) / 1024 ** 3).toFixed(1).replace(/\.0$/, '');
