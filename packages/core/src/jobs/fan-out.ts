import type {JobSpec} from '../protocol/index.ts';
import {childRecord} from './child-record.ts';
import {type ChildPart, childPart, fanOutOf, wakesParent} from './rules-children.ts';
import {next} from './rules.ts';
import type {JobRecord} from './rules-record.ts';
import {type ChildTotals, isBounded, openChildren, verdict} from './rules-totals.ts';
import {type Child, childId, makeChildren} from './store-accept.ts';
import {childrenOf, readTotals} from './store-lists.ts';
import type {JobStore} from './store.ts';

const batch = 200;

/** Makes the children that a parent lacks and may have, and ends those it needs no more. Idempotent: ids follow from the parent's. */
export class FanOut {
  readonly #store: JobStore;

  constructor(store: JobStore) {
    this.#store = store;
  }

  async advance(parent: JobRecord): Promise<void> {
    let record: JobRecord | undefined = parent;
    while (record?.fan !== undefined && record.state === 'queued') {
      // One look for both: a child that fails between two looks would make room for the next before it is known to decide the end.
      const totals: ChildTotals | undefined = (await readTotals(this.#store, [record.id]))[0];
      record = (await this.#decide(record, totals)) ?? record;
      const most = mostNow(record, totals);
      if (record.fan!.made >= most) break;
      await this.#makeSome(record, most);
      record = await this.#store.read(parent.id);
    }
    const ending = record && endingOf(record);
    if (record !== undefined && ending !== undefined) await this.#endAll(record, ending);
  }

  /** Of children that all had to succeed one failed: nothing that the others do matters any more. */
  async #decide(record: JobRecord, totals: ChildTotals | undefined): Promise<JobRecord | undefined> {
    const fanOut = fanOutOf(record.spec);
    if (!isBounded(fanOut) || record.fan?.verdict !== undefined || record.cancel !== undefined) return undefined;
    const certain = totals && verdict(fanOut, totals);
    if (certain === undefined) return undefined;
    const stepped = await this.#store.step(record.id, {type: 'certain', verdict: certain});
    return stepped !== undefined && 'after' in stepped ? stepped.after : undefined;
  }

  async #makeSome(parent: JobRecord, most: number): Promise<void> {
    const from = parent.fan!.made;
    const made = Math.min(most, from + batch);
    const after = next(parent, {type: 'made', made}, this.#store.moment());
    if (after === undefined) return;
    const children = Array.from({length: made - from}, (_, at) => this.#child(parent, from + at));
    await makeChildren(this.#store, parent, after, children);
  }

  #child(parent: JobRecord, position: number): Child {
    const part = childPart(fanOutOf(parent.spec), parent.fan!.targets, position);
    const spec = childSpec(parent, part);
    const record: JobRecord = {
      ...childRecord(parent, {id: childId(parent.id, part.copy.index), spec, now: this.#store.rim.clock.now()}),
      index: part.copy.index,
      ...(wakesParent(fanOutOf(parent.spec)) ? {wakesParent: true as const} : {}),
    };
    const ending = endingOf(parent);
    const ended = ending && next(record, {type: 'cancel', ...ending}, this.#store.moment());
    return {record, ...(ended === undefined ? {} : {ended})};
  }

  async #endAll(parent: JobRecord, ending: Ending): Promise<void> {
    const ids = await childrenOf(this.#store, parent.id);
    for (let at = 0; at < ids.length; at += batch)
      await Promise.all(ids.slice(at, at + batch).map(id => this.#store.step(id, {type: 'cancel', ...ending}, {actor: ending.actor})));
  }
}

/** How many there may be by now: where only so many run at once, a next one for each that has ended. Those that end at once count for nothing. */
function mostNow(record: JobRecord, totals: ChildTotals | undefined): number {
  const {total, made} = record.fan!;
  const {parallel} = fanOutOf(record.spec);
  if (parallel === undefined || endingOf(record) !== undefined) return total;
  return totals === undefined ? made : Math.min(total, total - openChildren(totals) + parallel);
}

interface Ending {
  readonly actor: string;
  readonly reason: string;
}

/** Why its children end before their time. */
function endingOf({cancel, fan}: JobRecord): Ending | undefined {
  if (cancel !== undefined) return {actor: cancel.actor, reason: cancel.reason};
  if (fan?.verdict === undefined) return undefined;
  return {actor: 'server', reason: fan.verdict === 'succeeded' ? 'enough of the others succeeded' : 'too many of the others failed'};
}

function childSpec(parent: JobRecord, {copy, worker, labels}: ChildPart): JobSpec {
  if (parent.spec.kind !== 'run') return parent.spec;
  const {fanOut: _fanOut, ...spec} = parent.spec;
  const needs = {
    ...spec.needs,
    ...(worker === undefined ? {} : {worker}),
    ...(labels === undefined ? {} : {labels: {...spec.needs.labels, ...labels}}),
  };
  return {...spec, needs, copy};
}
