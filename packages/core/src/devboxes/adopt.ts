import type {z} from 'zod';
import type {AdoptRequest} from '../api/index.ts';
import {newId} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {acceptJobs} from '../jobs/store-accept.ts';
import type {AcceptDeps} from '../jobs/store-prepare.ts';
import {Profile} from '../protocol/index.ts';
import type {Caller} from '../services.ts';
import type {WorkerRecord} from '../workers/rules.ts';
import type {DevBoxRecord} from './rules.ts';

type Request = z.infer<typeof AdoptRequest>;
type Box = WorkerRecord['orphans'][number];

/** What an adopted box is said to reserve: its own limits are not known. */
const adoptedMemory = 2 * 1024 ** 3;

/** A box with our labels and without a record gets one; the labels must name this tenant. */
export async function adopt({store, table, tenants}: AcceptDeps, caller: Caller, request: Request): Promise<DevBoxRecord> {
  const entry = table.ofTenant(caller.tenant).find(each => each.record.id === request.worker || each.record.name === request.worker);
  if (entry === undefined) throw new BoxyardError('NOT_FOUND', {what: 'worker', name: request.worker, list: 'boxyard workers list'});
  const box = entry.record.orphans.find(each => each.name === request.box);
  if (box === undefined || box.labels['io.boxyard.tenant'] !== caller.tenant)
    throw new BoxyardError('NOT_FOUND', {what: 'orphaned box', name: request.box, hint: `boxyard workers show ${entry.record.name}`});
  const labelled = box.labels['io.boxyard.devbox'] ?? '';
  const isFree = /^d-[a-z2-7]{26}$/.test(labelled) && (await store.readDevBox(labelled)) === undefined;
  const record = adoptedRecord(caller, {
    id: isFree ? labelled : newId('d'),
    name: request.name,
    box,
    worker: entry.record,
    now: store.rim.clock.now(),
  });
  const {limits} = await tenants.get(caller.tenant);
  await acceptJobs(store, {tenant: caller.tenant, actor: caller.actor, jobs: [], devbox: {after: record, limit: limits.devboxes}});
  return record;
}

interface Adopted {
  readonly id: string;
  readonly name: string;
  readonly box: Box;
  readonly worker: WorkerRecord;
  readonly now: number;
}

function adoptedRecord(caller: Caller, {id, name, box, worker, now}: Adopted): DevBoxRecord {
  return {
    v: 1,
    id,
    tenant: caller.tenant,
    name,
    actor: caller.actor,
    spec: adoptedSpec({id, name, box, worker, now}),
    worker: {id: worker.id, name: worker.name},
    engine: box.engine,
    box: box.name,
    seen: {state: box.state, at: now, asOf: 0},
    // Its worker refuses generations below those it knows of this box; seconds are above every count.
    generation: Math.floor(now / 1_000),
    queue: [],
    createJob: box.labels['io.boxyard.job'] ?? newId('j'),
    adopted: true,
    createdAt: now,
  };
}

function adoptedSpec({id, name, box, worker}: Adopted): DevBoxRecord['spec'] {
  const profile = Profile.catch('open').parse(box.labels['io.boxyard.profile']);
  return {
    kind: 'devbox.create',
    labels: {},
    needs: {
      engine: box.engine,
      worker: worker.id,
      features: ['exec'],
      enforces: [],
      labels: {},
      memoryBytes: adoptedMemory,
      slots: 0,
      profile,
    },
    profile,
    secrets: [],
    graceMs: 10_000,
    retries: 0,
    priority: 0,
    ifLost: 'wait',
    idempotent: false,
    devbox: id,
    generation: 1,
    devboxName: name,
    box: {env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false, main: 'hold'},
    setup: [],
  };
}
