import {timingSafeEqual} from 'node:crypto';
import {BoxyardError} from '../errors/index.ts';
import type {KnownWorker, WorkerCredentials} from '../services.ts';
import {accessKeys, hashOf, type AccessKeys, type AccessRedis} from './access-redis.ts';
import {macOf, type Installation} from './installation.ts';

/** A worker as admitted, whether or not it ever connected. */
export interface AdmittedWorker {
  readonly worker: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly hostname?: string | undefined;
  readonly at: number;
}

/**
 * Who the agents are. A credential is `<worker><tenant><nonce><mac>` in base32: stored as a hash, and verifiable by the
 * installation's key when Redis lost it, which is what lets `readmit` tell our own workers from strangers (R14).
 */
export interface WorkerIdentities extends WorkerCredentials {
  /** The same for the same invitation and machine, so that redeeming again burns nothing. */
  issue(from: {readonly tenant: string; readonly invitation: string; readonly machine: string}): {worker: string; credential: string};
  admitted(tenant: string): Promise<readonly AdmittedWorker[]>;
  /** Ends the worker's credential for ever; its agent is told why. Idempotent. */
  remove(tenant: string, worker: string, by: string): Promise<void>;
  /** Workers with a credential of ours that Redis does not know, as they knocked. */
  strangers(tenant: string): Promise<readonly {readonly worker: string; readonly at: number}[]>;
  /** Lets a worker that knocked back in under its own id; `NOT_FOUND` where none of that id did. */
  readmit(tenant: string, worker: string): Promise<AdmittedWorker>;
  /** For the hub: the worker, or `UNAUTHENTICATED` (401, try later) or `WORKER_FORBIDDEN` (403, for good). */
  admit(credential: string | undefined): Promise<KnownWorker>;
}

/** KEYS credentials, tombstones, workers, names. ARGV worker, reason. Every credential of the worker ends. */
const removeLua = `
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  if cjson.decode(all[at + 1]).worker == ARGV[1] then
    redis.call('HDEL', KEYS[1], all[at])
    redis.call('HSET', KEYS[2], all[at], ARGV[2])
  end
end
local about = redis.call('HGET', KEYS[3], ARGV[1])
if about then redis.call('HDEL', KEYS[4], cjson.decode(about).name) end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1`;

interface Parts {
  readonly worker: string;
  readonly tenant: string;
}

interface Registry {
  readonly ask: AccessRedis['ask'];
  readonly keys: AccessKeys;
  readonly key: Buffer;
  readonly now: () => number;
}

export function createWorkerIdentities({ask, prefix}: AccessRedis, installation: Installation, now: () => number): WorkerIdentities {
  const registry: Registry = {ask, keys: accessKeys(prefix), key: installation.deriveKey('workers'), now};
  const {keys} = registry;
  return {
    find: credential => find(registry, credential),
    readmit: (tenant, worker) => readmit(registry, tenant, worker),
    issue: from => issue(registry.key, from),
    async admitted(tenant) {
      const all = await ask(redis => redis.hgetall(keys.workersOf(tenant)));
      return Object.entries(all).map(([worker, text]) => ({...(JSON.parse(text) as Omit<AdmittedWorker, 'worker'>), worker}));
    },
    async remove(tenant, worker, by) {
      const used = [keys.credentials, keys.tombstones, keys.workersOf(tenant), keys.workerNames(tenant)];
      const reason = `was removed by ${by} at ${new Date(now()).toISOString()}`;
      await ask(redis => redis.eval(removeLua, used.length, ...used, worker, reason));
    },
    async strangers(tenant) {
      const all = await ask(redis => redis.hgetall(keys.strangers(tenant)));
      return Object.entries(all).map(([worker, text]) => ({worker, at: (JSON.parse(text) as {at: number}).at}));
    },
    async admit(credential) {
      const found = credential === undefined ? undefined : await find(registry, credential);
      if (found === undefined) throw new BoxyardError('UNAUTHENTICATED');
      if ('refused' in found) throw new BoxyardError('WORKER_FORBIDDEN', {why: found.refused});
      return found;
    },
  };
}

async function find({ask, keys, key, now}: Registry, credential: string): Promise<KnownWorker | {readonly refused: string} | undefined> {
  const hash = hashOf(credential);
  const text = await ask(redis => redis.hget(keys.credentials, hash));
  if (text !== null) return JSON.parse(text) as KnownWorker;
  const own = partsOf(key, credential);
  const graves = [hash, ...(own === undefined ? [] : [own.worker])];
  const tombstone = (await ask(redis => redis.hmget(keys.tombstones, ...graves))).find(each => each !== null);
  if (tombstone) return {refused: tombstone};
  if (own !== undefined) await ask(redis => redis.hset(keys.strangers(own.tenant), own.worker, JSON.stringify({hash, at: now()})));
  return undefined;
}

async function readmit({ask, keys, now}: Registry, tenant: string, worker: string): Promise<AdmittedWorker> {
  const text = await ask(redis => redis.hget(keys.strangers(tenant), worker));
  if (text === null) throw new BoxyardError('NOT_FOUND', {what: 'worker of this installation waiting as', name: worker});
  const {hash} = JSON.parse(text) as {hash: string};
  const name = `readmitted-${worker.slice(2, 10)}`;
  const about = {name, tenant, at: now()};
  await ask(redis =>
    redis
      .multi()
      .hset(keys.credentials, hash, JSON.stringify({worker, tenant, name}))
      .hset(keys.workersOf(tenant), worker, JSON.stringify(about))
      .hset(keys.workerNames(tenant), name, worker)
      .hdel(keys.strangers(tenant), worker)
      .exec(),
  );
  return {worker, name, at: about.at};
}

function issue(key: Buffer, {tenant, invitation, machine}: {tenant: string; invitation: string; machine: string}) {
  const worker = macOf(key, 'worker', invitation, machine).slice(0, 26);
  const nonce = macOf(key, 'nonce', invitation, machine).slice(0, 26);
  const body = `${worker}${tenant.slice(2)}${nonce}`;
  return {worker: `w-${worker}`, credential: `${body}${macOf(key, 'credential', body)}`};
}

/** Undefined for a credential this installation did not make. */
function partsOf(key: Buffer, credential: string): Parts | undefined {
  if (!/^[a-z2-7]{130}$/.test(credential)) return undefined;
  const body = credential.slice(0, 78);
  const isOurs = timingSafeEqual(Buffer.from(macOf(key, 'credential', body)), Buffer.from(credential.slice(78)));
  return isOurs ? {worker: `w-${body.slice(0, 26)}`, tenant: `t-${body.slice(26, 52)}`} : undefined;
}
