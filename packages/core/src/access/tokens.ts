import type {Access, TokenView} from '../api/index.ts';
import {newId, randomBase32} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Caller} from '../services.ts';
import {changeWithFact} from './access-facts.ts';
import {accessKeys, hashOf, type AccessRedis} from './access-redis.ts';

export interface TokenRecord {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly access: Access;
  readonly actor: string;
  readonly createdAt: string;
  readonly expiresAt?: number | undefined;
}

/** Tokens, stored by the SHA-256 of 256 random bits; the secret itself is returned once and kept nowhere. */
export interface Tokens {
  find(hash: string): Promise<TokenRecord | undefined>;
  /** `NAME_TAKEN` where the tenant has a token of that name. `secret` is given only to make a lost record again. */
  create(by: Pick<Caller, 'tenant' | 'actor'>, token: NewToken): Promise<{record: TokenRecord; secret: string}>;
  list(tenant: string): Promise<readonly TokenView[]>;
  get(tenant: string, idOrName: string): Promise<TokenRecord>;
  /** Resolves to the hash that is no longer valid; `CONFLICT` for the last owner token of a tenant. Idempotent. */
  revoke(by: Pick<Caller, 'tenant' | 'actor'>, id: string): Promise<string | undefined>;
  used(id: string, at: number): Promise<void>;
}

export interface NewToken {
  readonly name: string;
  readonly access: Access;
  readonly expiresAt?: number | undefined;
  readonly secret?: string | undefined;
}

/** KEYS tokens, tokens-of, names. ARGV hash, id, name, record. Returns 1, or 0 where the name is taken. */
const createLua = `
if redis.call('HSETNX', KEYS[3], ARGV[3], ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
fact()
return 1`;

/** KEYS tokens, tokens-of, names, used. ARGV id. Returns the hash, '' where there is none, 'last' for the last owner token. */
const revokeLua = `
local hash = redis.call('HGET', KEYS[2], ARGV[1])
if not hash then return '' end
local record = redis.call('HGET', KEYS[1], hash)
local token = record and cjson.decode(record)
if token and token.access == 'owner' then
  local owners = 0
  for _, other in ipairs(redis.call('HVALS', KEYS[2])) do
    local text = redis.call('HGET', KEYS[1], other)
    if text and cjson.decode(text).access == 'owner' then owners = owners + 1 end
  end
  if owners == 1 then return 'last' end
end
redis.call('HDEL', KEYS[1], hash)
redis.call('HDEL', KEYS[2], ARGV[1])
if token then redis.call('HDEL', KEYS[3], token.name) end
redis.call('HDEL', KEYS[4], ARGV[1])
fact()
return hash`;

export function createTokens(redis: AccessRedis, now: () => number): Tokens {
  const {ask, prefix} = redis;
  const keys = accessKeys(prefix);
  const all = async (tenant: string): Promise<readonly TokenRecord[]> => {
    const hashes = await ask(redis => redis.hvals(keys.tokensOf(tenant)));
    if (hashes.length === 0) return [];
    const texts = await ask(redis => redis.hmget(keys.tokens, ...hashes));
    return texts.filter(text => text !== null).map(text => JSON.parse(text) as TokenRecord);
  };
  return {
    async find(hash) {
      const text = await ask(redis => redis.hget(keys.tokens, hash));
      return text === null ? undefined : (JSON.parse(text) as TokenRecord);
    },
    async create({tenant, actor}, {name, access, expiresAt, secret = randomBase32(256)}) {
      const record: TokenRecord = {id: newId('k'), tenant, name, access, actor, createdAt: new Date(now()).toISOString(), expiresAt};
      const args = [hashOf(secret), record.id, name, JSON.stringify(record)];
      const made = await changeWithFact(redis, now, {
        script: createLua,
        keys: [keys.tokens, keys.tokensOf(tenant), keys.tokenNames(tenant)],
        args,
        fact: {tenant, actor, type: 'token.created', subject: `tokens/${record.id}`, data: {name, access}},
      });
      if (made === 0) throw new BoxyardError('NAME_TAKEN', {name});
      return {record, secret};
    },
    async list(tenant) {
      const used = await ask(redis => redis.hgetall(keys.tokensUsed));
      const records = await all(tenant);
      return records.map(record => viewOf(record, used[record.id])).sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    },
    async get(tenant, idOrName) {
      const found = (await all(tenant)).find(each => each.id === idOrName || each.name === idOrName);
      if (found === undefined) throw new BoxyardError('NOT_FOUND', {what: 'token', name: idOrName, list: 'boxyard tokens list'});
      return found;
    },
    async revoke({tenant, actor}, id) {
      const names = [keys.tokens, keys.tokensOf(tenant), keys.tokenNames(tenant), keys.tokensUsed];
      const fact = {tenant, actor, type: 'token.revoked', subject: `tokens/${id}`, data: {}};
      const answer = String(await changeWithFact(redis, now, {script: revokeLua, keys: names, args: [id], fact}));
      if (answer === 'last') throw lastOwner();
      return answer === '' ? undefined : answer;
    },
    used: async (id, at) => void (await ask(redis => redis.hset(keys.tokensUsed, id, String(at)))),
  };
}

export function viewOf(record: TokenRecord, usedAt?: string): TokenView {
  return {
    id: record.id,
    name: record.name,
    access: record.access,
    actor: record.actor,
    createdAt: record.createdAt,
    ...(record.expiresAt === undefined ? {} : {expiresAt: new Date(record.expiresAt).toISOString()}),
    ...(usedAt === undefined ? {} : {lastUsedAt: new Date(Number(usedAt)).toISOString()}),
  };
}

const lastOwner = (): BoxyardError =>
  new BoxyardError('CONFLICT', {
    what: 'This token',
    issue: 'is the last owner token of the tenant',
    hint: 'Make another first: boxyard tokens create NAME --access owner',
  });
