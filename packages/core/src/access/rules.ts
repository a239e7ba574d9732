import type {Access, Plan, Route, TenantLimits} from '../api/index.ts';
import type {z} from 'zod';
import {BoxyardError} from '../errors/index.ts';
import type {Caller} from '../services.ts';

export type Verb = Route['verb'];

const verbs: Readonly<Record<Access, readonly Verb[]>> = {
  viewer: ['none', 'read'],
  member: ['none', 'read', 'run'],
  admin: ['none', 'read', 'run', 'manage'],
  owner: ['none', 'read', 'run', 'manage', 'own'],
};

export const allows = (access: Access, verb: Verb): boolean => verbs[access].includes(verb);

/** An object as loaded, with whose it is; `what` and `name` only word the refusal. */
export interface Owned {
  readonly tenant: string;
  readonly what: string;
  readonly name: string;
}

/**
 * The one decision about who may do what: HTTP, WebSocket messages and agent frames ask it. `UNAUTHENTICATED` without a
 * caller; `NOT_FOUND` for another tenant's object, the same as for one that does not exist; `FORBIDDEN` for a verb above the access.
 */
export function authorise(caller: Pick<Caller, 'tenant' | 'access'> | undefined, verb: Verb, object?: Owned): void {
  if (verb === 'none') return;
  if (caller === undefined) throw new BoxyardError('UNAUTHENTICATED');
  if (object !== undefined && object.tenant !== caller.tenant) throw new BoxyardError('NOT_FOUND', {what: object.what, name: object.name});
  if (!allows(caller.access, verb)) throw new BoxyardError('FORBIDDEN', {access: caller.access});
}

const rank: Readonly<Record<Access, number>> = {viewer: 0, member: 1, admin: 2, owner: 3};

/** Nobody gives out, or takes away, more than they have. */
export function checkGrant(caller: Pick<Caller, 'access'>, access: Access): void {
  if (rank[access] > rank[caller.access])
    throw new BoxyardError('FORBIDDEN', {access: caller.access, hint: `Only an owner decides about ${access} tokens.`});
}

export const UNLIMITED = -1;
const GIB = 1024 ** 3;

/** What a plan allows; settings of a tenant may change each. */
export const planLimits: Readonly<Record<z.infer<typeof Plan>, z.infer<typeof TenantLimits>>> = {
  starter: {workers: 2, devboxes: 5, sessions: 3, historyDays: 14, folderBytes: GIB},
  pro: {workers: 10, devboxes: 15, sessions: 15, historyDays: 90, folderBytes: 20 * GIB},
  enterprise: {workers: UNLIMITED, devboxes: UNLIMITED, sessions: UNLIMITED, historyDays: 365, folderBytes: UNLIMITED},
};
