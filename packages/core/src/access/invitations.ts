import type {z} from 'zod';
import type {InvitationRequest, InvitationView, RedeemRequest} from '../api/index.ts';
import {newId, randomBase32} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Caller} from '../services.ts';
import {changeWithFact} from './access-facts.ts';
import {accessKeys, hashOf, type AccessKeys, type AccessRedis} from './access-redis.ts';
import {redeemLua} from './redeem.lua.ts';
import type {WorkerIdentities} from './worker-identities.ts';

interface InvitationRecord {
  readonly id: string;
  readonly tenant: string;
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly addresses: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: number;
  readonly actor: string;
  readonly redeemed?: {readonly machine: string; readonly worker: string; readonly name: string; readonly at: number} | undefined;
}

export interface Redeemed {
  readonly worker: string;
  readonly name: string;
  readonly tenant: string;
  readonly credential: string;
}

/** Lines that make a machine a worker: one use each, kept as a hash, shown once. */
export interface Invitations {
  create(
    by: Caller,
    request: z.infer<typeof InvitationRequest>,
    addresses: readonly string[],
  ): Promise<{view: InvitationView; secret: string}>;
  list(tenant: string): Promise<readonly InvitationView[]>;
  /** `NOT_FOUND`; withdrawing one that was used changes nothing for its worker. */
  remove(by: Pick<Caller, 'tenant' | 'actor'>, id: string): Promise<void>;
  /**
   * Makes the worker and reserves it in the tenant's limit, in one step. The same machine may ask again until the invitation
   * expires and gets the same answer. `INVITATION_INVALID`, `INVITATION_USED`, `INVITATION_EXPIRED`, `LIMIT_REACHED`.
   */
  redeem(request: z.infer<typeof RedeemRequest>, workersAllowed: (tenant: string) => Promise<number>): Promise<Redeemed>;
}

/** Used or expired ones are listed this long. */
const KEPT_MS = 7 * 86_400_000;

/** KEYS invitations, those of the tenant. ARGV hash, id, record. */
const createLua = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
fact()
return 1`;

/** KEYS invitations, those of the tenant. ARGV hash, id, whether somebody withdrew it or it is only tidied away. */
const removeLua = `
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HDEL', KEYS[2], ARGV[2]) == 1 and ARGV[3] == 'withdrawn' then fact() end
return 1`;

export function createInvitations(
  redis: AccessRedis,
  identities: WorkerIdentities,
  options: {readonly now: () => number; readonly validMs: number},
): Invitations {
  const {ask, prefix} = redis;
  const keys = accessKeys(prefix);
  const {now} = options;
  const remove = async ({tenant, actor}: Pick<Caller, 'tenant' | 'actor'>, id: string, why = 'withdrawn') => {
    const hash = await ask(redis => redis.hget(keys.invitationsOf(tenant), id));
    if (hash === null) throw new BoxyardError('NOT_FOUND', {what: 'invitation', name: id});
    const fact = {tenant, actor, type: 'invitation.removed', subject: `invitations/${id}`, data: {}};
    const own = [keys.invitations, keys.invitationsOf(tenant)];
    await changeWithFact(redis, now, {script: removeLua, keys: own, args: [hash, id, why], fact});
  };
  return {
    remove: (by, id) => remove(by, id),
    async create({tenant, actor}, request, addresses) {
      const secret = randomBase32(256);
      const at = now();
      const record: InvitationRecord = {
        id: newId('i'),
        tenant,
        actor,
        addresses,
        name: request.name,
        labels: request.labels,
        createdAt: new Date(at).toISOString(),
        expiresAt: at + (request.expiresInMs ?? options.validMs),
      };
      const hash = hashOf(secret);
      const text = JSON.stringify(record);
      const data = {...(request.name === undefined ? {} : {name: request.name}), expiresAt: new Date(record.expiresAt).toISOString()};
      const fact = {tenant, actor, type: 'invitation.created', subject: `invitations/${record.id}`, data};
      const own = [keys.invitations, keys.invitationsOf(tenant)];
      await changeWithFact(redis, now, {script: createLua, keys: own, args: [hash, record.id, text], fact});
      return {view: viewOf(record), secret};
    },
    async list(tenant) {
      const hashes = await ask(redis => redis.hvals(keys.invitationsOf(tenant)));
      if (hashes.length === 0) return [];
      const texts = await ask(redis => redis.hmget(keys.invitations, ...hashes));
      const records = texts.filter(text => text !== null).map(text => JSON.parse(text) as InvitationRecord);
      const isOld = (record: InvitationRecord) => record.expiresAt + KEPT_MS < now();
      await Promise.all(records.filter(isOld).map(record => remove({tenant, actor: 'server'}, record.id, 'tidied')));
      return records.filter(record => !isOld(record)).map(viewOf);
    },
    redeem: (request, workersAllowed) => redeem({ask, keys, identities, now}, request, workersAllowed),
  };
}

interface Redeeming {
  readonly ask: AccessRedis['ask'];
  readonly keys: AccessKeys;
  readonly identities: WorkerIdentities;
  readonly now: () => number;
}

async function redeem(
  {ask, keys, identities, now}: Redeeming,
  request: z.infer<typeof RedeemRequest>,
  workersAllowed: (tenant: string) => Promise<number>,
): Promise<Redeemed> {
  const hash = hashOf(request.secret);
  const text = await ask(redis => redis.hget(keys.invitations, hash));
  if (text === null) throw new BoxyardError('INVITATION_INVALID');
  const invitation = JSON.parse(text) as InvitationRecord;
  const {tenant} = invitation;
  const made = identities.issue({tenant, invitation: hash, machine: request.machine});
  const used = [keys.invitations, keys.credentials, keys.workersOf(tenant), keys.workerNames(tenant)];
  const about = {tenant, machine: hashOf(request.machine), labels: invitation.labels, hostname: request.hostname};
  const limit = await workersAllowed(tenant);
  const name = invitation.name ?? plainName(request.name);
  const args = [hash, now(), made.worker, hashOf(made.credential), name, limit, JSON.stringify(about)];
  const answer = await ask(redis => redis.eval(redeemLua, used.length, ...used, ...args));
  return redeemed(answer as readonly string[], made, tenant, limit);
}

/** A hostname as a worker's name. */
function plainName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 56);
  return plain === '' ? 'worker' : plain;
}

function redeemed(answer: readonly string[], made: {worker: string; credential: string}, tenant: string, limit: number): Redeemed {
  const [verdict, first = '', second = '0'] = answer;
  if (verdict === 'ok') return {...made, name: first, tenant};
  const at = new Date(Number(second)).toISOString();
  if (verdict === 'used') throw new BoxyardError('INVITATION_USED', {worker: first, at});
  if (verdict === 'expired') throw new BoxyardError('INVITATION_EXPIRED', {at});
  if (verdict === 'limit') throw new BoxyardError('LIMIT_REACHED', {limit, what: 'workers'});
  throw new BoxyardError('INVITATION_INVALID');
}

const viewOf = (record: InvitationRecord): InvitationView => ({
  id: record.id,
  addresses: Array.isArray(record.addresses) ? [...record.addresses] : [],
  createdAt: record.createdAt,
  expiresAt: new Date(record.expiresAt).toISOString(),
  actor: record.actor,
  ...(record.redeemed === undefined ? {} : {usedBy: record.redeemed.name, usedAt: new Date(record.redeemed.at).toISOString()}),
});
