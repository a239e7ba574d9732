import type {RoleWebhookView} from '../api/index.ts';
import {newSigningSecret, open as unseal, seal} from '../access/sealed.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {type EndpointSecret, activeSecrets, rotated} from '../reports/rules-record.ts';
import {iso} from '../rim/clock.ts';
import type {RedisRim} from '../rim/redis.ts';
import type {Caller, ClusterService, Session} from '../services.ts';
import {type ClusterRecord, type RoleRecord, findRole} from './rules.ts';
import {isSigned, signedId} from './rules-signature.ts';
import {getCluster, readCluster, readRoleSecrets, writeRoleSecrets} from './store.ts';

export interface RoleWebhookDeps {
  readonly rim: RedisRim;
  /** What seals the secrets by which senders sign. */
  readonly webhookKey: Buffer;
}

type RoleWebhooks = Pick<ClusterService, 'webhook' | 'rotateWebhook' | 'unsignWebhook' | 'signed'>;

interface Place {
  readonly record: ClusterRecord;
  readonly role: RoleRecord;
}

const mostTries = 20;
const usualKeepMs = 86_400_000;

/** Where senders outside start a role; its secrets lie sealed beside the cluster, bound to tenant and role. */
export function createRoleWebhooks({rim, webhookKey}: RoleWebhookDeps): RoleWebhooks {
  const opened = (tenant: string, role: string, sealed: string | null): readonly EndpointSecret[] =>
    sealed === null ? [] : (JSON.parse(unseal(webhookKey, sealed, tenant, role)) as EndpointSecret[]);
  /** Sealed with a key that this server has not: nobody can sign, which `webhook` says to those who may know. */
  const openable: typeof opened = (tenant, role, sealed) => {
    try {
      return opened(tenant, role, sealed);
    } catch (error) {
      if (isBoxyardError(error) && error.code === 'CONFIG_INVALID') return [];
      throw error;
    }
  };
  const placeOf = async (tenant: string, cluster: string, name: string): Promise<Place> => {
    const record = await getCluster(rim, tenant, cluster);
    return {record, role: findRole(record, name)};
  };
  /** Reads, changes and writes until nobody came between; no secrets: they go. */
  const change = async (
    {tenant, actor}: Caller,
    {cluster, role: name}: {readonly cluster: string; readonly role: string},
    next: (before: readonly EndpointSecret[]) => readonly EndpointSecret[],
  ): Promise<RoleWebhookView> => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const {record, role} = await placeOf(tenant, cluster, name);
      const before = await readRoleSecrets(rim, role.id);
      const secrets = next(openable(tenant, role.id, before));
      const after = secrets.length === 0 ? null : seal(webhookKey, JSON.stringify(secrets), tenant, role.id);
      if (before === after || (await writeRoleSecrets(rim, {record, role, before, after}, actor)))
        return viewOf({record, role}, secrets, rim.clock.now());
    }
    throw new BoxyardError('CONFLICT', {what: `cluster ${cluster}`, issue: 'changes faster than it can be read'});
  };
  return {
    async webhook(tenant, cluster, name) {
      const place = await placeOf(tenant, cluster, name);
      return viewOf(place, opened(tenant, place.role.id, await readRoleSecrets(rim, place.role.id)), rim.clock.now());
    },
    async rotateWebhook(caller, cluster, role, {secret = newSigningSecret(), keepMs = usualKeepMs}) {
      const now = rim.clock.now();
      return {...(await change(caller, {cluster, role}, before => rotated(before, {secret, keepMs, now}))), secret};
    },
    unsignWebhook: async (caller, cluster, role) => void (await change(caller, {cluster, role}, () => [])),
    signed: {isOffered: isSigned, prove: createProver(rim, openable)},
  };
}

/** Ids alone say without a token whose it is; names are a tenant's own. */
const clusterId = /^c-[a-z2-7]{26}$/;

function createProver(
  rim: RedisRim,
  open: (tenant: string, role: string, sealed: string | null) => readonly EndpointSecret[],
): ClusterService['signed']['prove'] {
  // Where there is nobody to be, the same is done in vain.
  const nobodys = newSigningSecret();
  return async ({params, headers, bytes}) => {
    const {cluster = '', role: name} = params;
    const record = clusterId.test(cluster) ? await readCluster(rim, cluster) : undefined;
    const role = record?.roles.find(one => one.id === name || one.name === name);
    const now = rim.clock.now();
    const sealed = role === undefined ? null : await readRoleSecrets(rim, role.id);
    const kept = record === undefined || role === undefined ? [] : open(record.tenant, role.id, sealed);
    const secrets = activeSecrets({secrets: kept}, now).map(({secret}) => secret);
    const id = signedId({headers, bytes}, secrets.length === 0 ? [nobodys] : secrets, now);
    if (record === undefined || role === undefined || secrets.length === 0 || id === undefined) throw new BoxyardError('UNAUTHENTICATED');
    // No key that comes in a header holds a space.
    return {session: sessionOf(record), key: `signed ${role.id} ${id}`};
  };
}

/** As schedules and changed files have it: clusters and secrets are owners' and admins' alone, and what they wrote runs in the name of the trigger. */
const sessionOf = ({tenant, name}: ClusterRecord): Session => ({
  tenant,
  actor: `trigger:${name}`,
  access: 'admin',
  token: '',
  tokenName: '',
  isOperator: false,
});

const viewOf = ({record, role}: Place, secrets: readonly EndpointSecret[], now: number): RoleWebhookView => ({
  path: `/api/cluster/${record.id}/role/${role.id}/webhook`,
  secrets: activeSecrets({secrets}, now).map(({createdAt, expiresAt}) => ({
    createdAt: iso(createdAt),
    ...(expiresAt === undefined ? {} : {expiresAt: iso(expiresAt)}),
  })),
});
