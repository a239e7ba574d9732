import type {z} from 'zod';
import type {Plan, SetTenantRequest, TenantLimits} from '../api/index.ts';
import {newId} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Profile} from '../protocol/index.ts';
import {changeWithFact} from './access-facts.ts';
import {accessKeys, type AccessRedis} from './access-redis.ts';
import {planLimits} from './rules.ts';

export interface TenantRecord {
  readonly id: string;
  readonly name: string;
  readonly plan: z.infer<typeof Plan>;
  /** What was set apart from the plan. */
  readonly limits: Partial<z.infer<typeof TenantLimits>>;
  readonly minimumProfile: Profile;
  readonly defaultProfile: Profile;
  readonly createdAt: string;
}

/** What a tenant's work must keep to; the same for HTTP, placement and retention. */
export interface TenantPolicy {
  readonly name: string;
  readonly limits: z.infer<typeof TenantLimits>;
  readonly minimumProfile: Profile;
  readonly defaultProfile: Profile;
}

export interface Tenants {
  list(): Promise<readonly TenantRecord[]>;
  /** By id or name; `NOT_FOUND`. */
  get(idOrName: string): Promise<TenantRecord>;
  /** Believed for 2 s. `NOT_FOUND` for a tenant that does not exist. */
  policy(tenant: string): Promise<TenantPolicy>;
  /** Makes the tenant where Redis has none of that id. Idempotent. */
  ensure(tenant: {readonly id: string; readonly name: string}, minimumProfile: Profile): Promise<TenantRecord>;
  /** Its minimum profile is `standard`: nothing of it runs on a machine itself until an owner says so (R8). `NAME_TAKEN`. */
  create(name: string, plan: z.infer<typeof Plan>, actor: string): Promise<TenantRecord>;
  /** A plan brings all its limits: those set before go, unless given in the same change. */
  set(tenant: string, change: z.infer<typeof SetTenantRequest>, actor: string): Promise<TenantRecord>;
}

/** KEYS tenants, names. ARGV id, name, record, old name or ''. Returns 1, or 0 where the name is another's. */
const putLua = `
local owner = redis.call('HGET', KEYS[2], ARGV[2])
if owner and owner ~= ARGV[1] then return 0 end
if ARGV[4] ~= '' and ARGV[4] ~= ARGV[2] then redis.call('HDEL', KEYS[2], ARGV[4]) end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
fact()
return 1`;

interface Putting {
  readonly actor: string;
  readonly type: 'tenant.created' | 'tenant.changed';
  readonly oldName?: string;
}

const POLICY_MS = 2_000;

export function createTenants(redis: AccessRedis, now: () => number): Tenants {
  const {ask, prefix} = redis;
  const keys = accessKeys(prefix);
  const policies = new Map<string, {readonly policy: TenantPolicy; readonly at: number}>();
  const put = async (record: TenantRecord, {actor, type, oldName = ''}: Putting): Promise<TenantRecord> => {
    const args = [record.id, record.name, JSON.stringify(record), oldName];
    const {id: tenant, name, plan, limits, minimumProfile, defaultProfile} = record;
    const data = {name, plan, limits, minimumProfile, defaultProfile};
    const fact = {tenant, actor, type, subject: `tenants/${tenant}`, data};
    const done = await changeWithFact(redis, now, {script: putLua, keys: [keys.tenants, keys.tenantNames], args, fact});
    if (done === 0) throw new BoxyardError('NAME_TAKEN', {name: record.name});
    policies.delete(record.id);
    return record;
  };
  const find = async (id: string): Promise<TenantRecord | undefined> => {
    const text = await ask(redis => redis.hget(keys.tenants, id));
    return text === null ? undefined : (JSON.parse(text) as TenantRecord);
  };
  const get = async (idOrName: string): Promise<TenantRecord> => {
    const id = idOrName.startsWith('t-') ? idOrName : await ask(redis => redis.hget(keys.tenantNames, idOrName));
    const record = id === null ? undefined : await find(id);
    if (record === undefined) throw new BoxyardError('NOT_FOUND', {what: 'tenant', name: idOrName, list: 'boxyard tenants list'});
    return record;
  };
  return {
    get,
    list: async () => (await ask(redis => redis.hvals(keys.tenants))).map(text => JSON.parse(text) as TenantRecord),
    async policy(tenant) {
      const known = policies.get(tenant);
      if (known !== undefined && performance.now() - known.at < POLICY_MS) return known.policy;
      const record = await get(tenant);
      const {name, minimumProfile, defaultProfile} = record;
      const policy = {name, limits: limitsOf(record), minimumProfile, defaultProfile};
      policies.set(tenant, {policy, at: performance.now()});
      return policy;
    },
    ensure: async ({id, name}, minimumProfile) =>
      (await find(id)) ?? put(freshRecord({id, name, minimumProfile}, now()), {actor: 'server', type: 'tenant.created'}),
    create: (name, plan, actor) =>
      put({...freshRecord({id: newId('t'), name, minimumProfile: 'standard'}, now()), plan}, {actor, type: 'tenant.created'}),
    async set(tenant, change, actor) {
      const old = await get(tenant);
      const limits = definedOf({...(change.plan === undefined ? old.limits : {}), ...change.limits});
      return put(
        {...old, ...definedOf({...change, limits}), id: old.id, createdAt: old.createdAt},
        {actor, type: 'tenant.changed', oldName: old.name},
      );
    },
  };
}

const freshRecord = (own: Pick<TenantRecord, 'id' | 'name' | 'minimumProfile'>, at: number): TenantRecord => ({
  ...own,
  plan: 'enterprise',
  limits: {},
  defaultProfile: 'standard',
  createdAt: new Date(at).toISOString(),
});

export const limitsOf = (record: TenantRecord): z.infer<typeof TenantLimits> => ({...planLimits[record.plan], ...record.limits});

const definedOf = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {[K in keyof T]: Exclude<T[K], undefined>};
