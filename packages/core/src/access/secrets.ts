import type {z} from 'zod';
import type {SecretView} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Caller, SecretValues} from '../services.ts';
import {changeWithFact} from './access-facts.ts';
import {accessKeys, type AccessRedis} from './access-redis.ts';
import type {Installation} from './installation.ts';
import {open, seal} from './sealed.ts';

/** Values of a tenant, and of single jobs; AES-256-GCM in Redis, readable only through `values`, which only agents' questions reach. */
export interface Secrets extends SecretValues {
  /** Replaces the value. `LIMIT_REACHED` at 1,000 names. */
  set(by: Caller, name: string, value: string): Promise<z.infer<typeof SecretView>>;
  list(tenant: string): Promise<readonly z.infer<typeof SecretView>[]>;
  remove(by: Pick<Caller, 'tenant' | 'actor'>, name: string): Promise<void>;
}

interface Sealed {
  readonly box: string;
  readonly actor: string;
  readonly updatedAt: string;
}

const MOST_NAMES = 1_000;
/** A job's own values go at its outcome; this is for a server that never saw it. */
const JOB_KEPT_SECONDS = 30 * 86_400;

/** KEYS secrets. ARGV name, record, most. Returns 0 where it would be one too many. */
const setLua = `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
fact()
return 1`;

/** KEYS secrets. ARGV name. Returns 0 where there is none. */
const removeLua = `
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
fact()
return 1`;

export function createSecrets(redis: AccessRedis, installation: Installation, now: () => number): Secrets {
  const {ask, prefix} = redis;
  const keys = accessKeys(prefix);
  const key = installation.deriveKey('secrets');
  return {
    async set({tenant, actor}, name, value) {
      const view = {name, actor, updatedAt: new Date(now()).toISOString()};
      const record: Sealed = {box: seal(key, value, tenant, name), actor, updatedAt: view.updatedAt};
      const fact = {tenant, actor, type: 'secret.set', subject: `secrets/${name}`, data: {name}};
      const args = [name, JSON.stringify(record), MOST_NAMES];
      const done = await changeWithFact(redis, now, {script: setLua, keys: [keys.secrets(tenant)], args, fact});
      if (done === 0) throw new BoxyardError('LIMIT_REACHED', {limit: MOST_NAMES, what: 'secrets'});
      return view;
    },
    async list(tenant) {
      const all = await ask(redis => redis.hgetall(keys.secrets(tenant)));
      const views = Object.entries(all).map(([name, text]) => viewOf(name, JSON.parse(text) as Sealed));
      return views.sort((a, b) => a.name.localeCompare(b.name));
    },
    async remove({tenant, actor}, name) {
      const fact = {tenant, actor, type: 'secret.removed', subject: `secrets/${name}`, data: {name}};
      const removed = await changeWithFact(redis, now, {script: removeLua, keys: [keys.secrets(tenant)], args: [name], fact});
      if (removed === 0) throw new BoxyardError('NOT_FOUND', {what: 'secret', name, list: 'boxyard secrets list'});
    },
    async values(tenant, job, names) {
      if (names.length === 0) return {};
      const [own, texts] = await ask(redis => Promise.all([redis.get(keys.jobSecrets(job)), redis.hmget(keys.secrets(tenant), ...names)]));
      const ofJob = own === null ? {} : (JSON.parse(open(key, own, tenant, job)) as Record<string, string>);
      const found = names.flatMap((name, at): [string, string][] => {
        if (Object.hasOwn(ofJob, name)) return [[name, ofJob[name]!]];
        const text = texts[at];
        return text ? [[name, open(key, (JSON.parse(text) as Sealed).box, tenant, name)]] : [];
      });
      return Object.fromEntries(found);
    },
    async setForJob(tenant, job, values) {
      if (Object.keys(values).length === 0) return;
      const text = seal(key, JSON.stringify(values), tenant, job);
      await ask(redis => redis.set(keys.jobSecrets(job), text, 'EX', JOB_KEPT_SECONDS));
    },
    forgetJob: async (_tenant, job) => void (await ask(redis => redis.del(keys.jobSecrets(job)))),
  };
}

const viewOf = (name: string, {actor, updatedAt}: Sealed) => ({name, actor, updatedAt});
