import {createHash} from 'node:crypto';
import type {Redis} from 'ioredis';
import {BoxyardError} from '../errors/index.ts';

/** What the stores of this folder need of `rim/redis`: `ask` rejects with `REDIS_UNAVAILABLE` within 2 s while Redis is away. */
export interface AccessRedis {
  ask<T>(use: (redis: Redis) => Promise<T>): Promise<T>;
  readonly prefix: string;
}

/** Keys of this folder. Parts are ids of ours, never text of a tenant. */
export function accessKeys(prefix: string) {
  const key = (...parts: readonly string[]) => `{${prefix}}:access:${parts.join(':')}`;
  return {
    tokens: key('tokens'),
    tokensUsed: key('tokens-used'),
    tokensOf: (tenant: string) => key('tokens-of', id(tenant)),
    tokenNames: (tenant: string) => key('token-names', id(tenant)),
    tenants: key('tenants'),
    tenantNames: key('tenant-names'),
    invitations: key('invitations'),
    invitationsOf: (tenant: string) => key('invitations-of', id(tenant)),
    credentials: key('credentials'),
    tombstones: key('tombstones'),
    strangers: (tenant: string) => key('strangers', id(tenant)),
    workersOf: (tenant: string) => key('workers-of', id(tenant)),
    workerNames: (tenant: string) => key('worker-names', id(tenant)),
    secrets: (tenant: string) => key('secrets', id(tenant)),
    displayTicket: (hash: string) => key('display-ticket', hash),
    jobSecrets: (job: string) => key('job-secrets', id(job)),
  };
}
export type AccessKeys = ReturnType<typeof accessKeys>;

function id(text: string): string {
  if (!/^[a-z]-[a-z2-7]{26}$/.test(text)) throw new BoxyardError('NOT_FOUND', {what: 'object', name: 'of that id'});
  return text;
}

/** What is stored of a random secret. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
