import {newAttemptId} from '../config/index.ts';
import type {JobId, JobSpec} from '../protocol/index.ts';
import {groupOf} from './rules-needs.ts';
import {next} from './rules.ts';
import type {JobRecord} from './rules-record.ts';
import {childId, makeChildren} from './store-accept.ts';
import {childrenOf} from './store-lists.ts';
import type {JobStore} from './store.ts';

const batch = 200;

/** Makes the children a parent still lacks, and passes its cancellation on. Idempotent: ids follow from the parent's. */
export class FanOut {
  readonly #store: JobStore;

  constructor(store: JobStore) {
    this.#store = store;
  }

  async advance(parent: JobRecord): Promise<void> {
    let record: JobRecord | undefined = parent;
    while (record?.fan !== undefined && record.state === 'queued' && record.fan.made < record.fan.total) {
      await this.#makeSome(record);
      record = await this.#store.read(parent.id);
    }
    if (record?.cancel !== undefined) await this.#cancelAll(record);
  }

  async #makeSome(parent: JobRecord): Promise<void> {
    const from = parent.fan!.made;
    const made = Math.min(parent.fan!.total, from + batch);
    const after = next(parent, {type: 'made', made}, this.#store.moment());
    if (after === undefined) return;
    const children = Array.from({length: made - from}, (_, at) => this.#child(parent, from + at));
    await makeChildren(this.#store, parent, after, children);
  }

  #child(parent: JobRecord, index: number): JobRecord {
    const spec = childSpec(parent, index);
    const now = this.#store.rim.clock.now();
    return {
      v: 1,
      id: childId(parent.id, index) as JobId,
      tenant: parent.tenant,
      kind: spec.kind,
      ...(parent.name === undefined ? {} : {name: parent.name}),
      actor: parent.actor,
      spec,
      attempt: {number: 1, id: newAttemptId()},
      state: 'queued',
      group: groupOf(spec.needs),
      phases: [],
      tries: 0,
      parent: parent.id,
      index,
      createdAt: now,
      ...(spec.queueTimeoutMs === undefined ? {} : {queueUntil: now + spec.queueTimeoutMs}),
    };
  }

  async #cancelAll(parent: JobRecord): Promise<void> {
    const {actor, reason} = parent.cancel!;
    const ids = await childrenOf(this.#store, parent.id);
    for (let at = 0; at < ids.length; at += batch)
      await Promise.all(ids.slice(at, at + batch).map(id => this.#store.step(id, {type: 'cancel', actor, reason}, {actor})));
  }
}

function childSpec(parent: JobRecord, index: number): JobSpec {
  if (parent.spec.kind !== 'run') return parent.spec;
  const {fanOut: _fanOut, ...spec} = parent.spec;
  const worker = parent.fan!.targets?.[index];
  return {
    ...spec,
    needs: worker === undefined ? spec.needs : {...spec.needs, worker},
    copy: {index, count: parent.fan!.total},
  };
}
