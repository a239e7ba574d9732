import {newId} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {type Fact, addFact} from '../events/store-facts.ts';
import {versionPrefix, writeRecord} from '../jobs/rules-record.ts';
import type {Labels, TenantId} from '../protocol/index.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {WorkerRecord} from './rules.ts';

export interface NewWorker {
  readonly id: string;
  readonly tenant: TenantId;
  readonly name: string;
  /** From its invitation. */
  readonly labels?: Labels | undefined;
}

/** What a change of a worker is told as; undefined where it is no fact worth telling. */
export type WorkerFact = Pick<Fact, 'type' | 'actor' | 'data'> | undefined;

export interface WorkerStore {
  read(id: string): Promise<WorkerRecord | undefined>;
  readAll(): Promise<WorkerRecord[]>;
  /** This server starts: marks of those that are gone make room. */
  begin(): Promise<void>;
  /** Another text whenever another server has changed a worker. */
  othersChanges(): Promise<string>;
  /** The record of a worker that was invited or connects for the first time. Idempotent. */
  ensure(worker: NewWorker): Promise<WorkerRecord>;
  /** Compares and sets; `change` sees the newest record and may be called again. Undefined: leave it. */
  update(
    id: string,
    change: (record: WorkerRecord) => {readonly after: WorkerRecord; readonly fact: WorkerFact} | undefined,
  ): Promise<WorkerRecord | undefined>;
  remove(record: WorkerRecord, actor: string): Promise<void>;
  used(id: string): Promise<{readonly slots: number; readonly memory: number}>;
}

/** `server` is this process, by which its changes are told from others'. */
export function createWorkerStore(rim: RedisRim, server: string): WorkerStore {
  const {keys} = rim;
  const own = {rim, noted: (change: Change) => change.do(keys.workerChanges, 'HSET', server, newId('e'))};
  return {
    read: id => readWorker(rim, id),
    readAll: async () => {
      const ids = await rim.ask(redis => redis.smembers(keys.allWorkers));
      const texts = ids.length === 0 ? [] : await rim.ask(redis => redis.mget(ids.map(id => keys.worker(id))));
      return texts.map(parse).filter(record => record !== undefined);
    },
    begin: async () =>
      void (await rim.commit(change => {
        change.do(keys.workerChanges, 'DEL');
        own.noted(change);
      })),
    othersChanges: async () => {
      const {[server]: _own, ...others} = await rim.ask(redis => redis.hgetall(keys.workerChanges));
      return JSON.stringify(others);
    },
    ensure: worker => ensureWorker(own, worker),
    update: (id, change) => updateWorker(own, id, change),
    remove: (record, actor) => removeWorker(own, record, actor),
    used: async id => {
      const [slots, memory] = await rim.ask(redis => redis.hmget(keys.used(id), 'slots', 'memory'));
      return {slots: Number(slots ?? 0), memory: Number(memory ?? 0)};
    },
  };
}

type Change = Parameters<Parameters<RedisRim['commit']>[0]>[0];

interface Own {
  readonly rim: RedisRim;
  /** Part of each change, so that other servers read it. */
  readonly noted: (change: Change) => void;
}

const parse = (text: string | null): WorkerRecord | undefined => (text === null ? undefined : (JSON.parse(text) as WorkerRecord));

const readWorker = async (rim: RedisRim, id: string): Promise<WorkerRecord | undefined> =>
  parse(await rim.ask(redis => redis.get(rim.keys.worker(id))));

const factOf = (rim: RedisRim, record: WorkerRecord, fact: NonNullable<WorkerFact>): Fact => ({
  id: newId('e'),
  subject: `workers/${record.id}`,
  time: rim.clock.now(),
  ...fact,
  data: {name: record.name, v: record.v, ...fact.data},
});

async function ensureWorker({rim, noted}: Own, worker: NewWorker): Promise<WorkerRecord> {
  const {keys} = rim;
  const record: WorkerRecord = {v: 1, ...worker, createdAt: rim.clock.now(), labels: worker.labels ?? {}, unset: [], orphans: []};
  const result = await rim.commit(change => {
    change.is('worker', keys.worker(record.id), '');
    change.do(keys.worker(record.id), 'SET', writeRecord(record));
    change.do(keys.allWorkers, 'SADD', record.id);
    change.do(keys.workers(record.tenant), 'SADD', record.id);
    change.do(keys.tenants, 'SADD', record.tenant);
    noted(change);
    addFact(change, keys, record.tenant, factOf(rim, record, {type: 'worker.joined', actor: `worker:${record.name}`, data: {}}));
  });
  return result.done ? record : parse(result.found)!;
}

const mostTries = 20;

async function updateWorker(
  {rim, noted}: Own,
  id: string,
  change: Parameters<WorkerStore['update']>[1],
): Promise<WorkerRecord | undefined> {
  const {keys} = rim;
  let before = await readWorker(rim, id);
  for (let tries = 0; before !== undefined && tries < mostTries; tries++) {
    const step = change(before);
    if (step === undefined) return before;
    const after: WorkerRecord = {...step.after, v: before.v + 1};
    const prefix = versionPrefix(before.v);
    const result = await rim.commit(each => {
      each.is('worker', keys.worker(id), prefix);
      each.do(keys.worker(id), 'SET', writeRecord(after));
      noted(each);
      if (step.fact !== undefined) addFact(each, keys, after.tenant, factOf(rim, after, step.fact));
    });
    if (result.done) return after;
    before = result.found === '' ? await readWorker(rim, id) : parse(result.found);
  }
  if (before !== undefined)
    throw new BoxyardError('CONFLICT', {what: `worker ${before.name}`, issue: 'changes faster than it can be read'});
  return undefined;
}

async function removeWorker({rim, noted}: Own, record: WorkerRecord, actor: string): Promise<void> {
  const {keys} = rim;
  const own = [keys.worker, keys.outbox, keys.lease, keys.held, keys.used].map(key => key(record.id));
  await rim.commit(change => {
    for (const key of own) change.do(key, 'DEL');
    change.do(keys.allWorkers, 'SREM', record.id);
    noted(change);
    change.do(keys.workers(record.tenant), 'SREM', record.id);
    addFact(change, keys, record.tenant, factOf(rim, record, {type: 'worker.removed', actor, data: {}}));
  });
}
