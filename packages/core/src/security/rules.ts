import {BoxyardError} from '../errors/index.ts';
import type {Profile, Restriction} from '../protocol/index.ts';

const order: readonly Profile[] = ['open', 'standard', 'strict', 'offline'];

export const isWeaker = (a: Profile, b: Profile): boolean => order.indexOf(a) < order.indexOf(b);
export const stricter = (a: Profile, b: Profile): Profile => (isWeaker(a, b) ? b : a);

/** The figures of a profile: ceilings, not reservations (R4). */
export interface ProfileRow {
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
  readonly pids?: number | undefined;
  readonly network: 'none' | 'private' | undefined;
  readonly privileges: 'least' | 'usual';
  readonly readOnlyRoot: boolean;
  readonly enforces: readonly Restriction[];
}

const gib = 1024 ** 3;

export const profiles: Readonly<Record<Profile, ProfileRow>> = {
  open: {network: undefined, privileges: 'usual', readOnlyRoot: false, enforces: []},
  standard: {
    memoryBytes: 4 * gib,
    cpus: 2,
    pids: 256,
    network: 'private',
    // The engine's set less raw sockets and device nodes: with none at all, root in the box could not install a package.
    privileges: 'usual',
    readOnlyRoot: false,
    enforces: ['memory', 'cpus', 'pids', 'network', 'privileges'],
  },
  strict: {
    memoryBytes: 2 * gib,
    cpus: 1,
    pids: 128,
    network: 'private',
    privileges: 'least',
    readOnlyRoot: true,
    enforces: ['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges'],
  },
  offline: {
    memoryBytes: 2 * gib,
    cpus: 1,
    pids: 128,
    network: 'none',
    privileges: 'least',
    readOnlyRoot: true,
    enforces: ['memory', 'cpus', 'pids', 'network', 'filesystem', 'privileges'],
  },
};

/** What stays writable where the root file system is not. */
export const writablePaths: readonly string[] = [
  '/tmp',
  '/var/tmp',
  '/workspace',
  '/home/developer/.cache',
  '/home/developer/.npm',
  '/home/developer/.cargo',
  '/home/developer/.local/share',
];

export interface TenantPolicy {
  readonly minimumProfile: Profile;
  readonly defaultProfile: Profile;
}

/** Tenant policy and request, merged: a request may be stricter than the tenant's minimum, never weaker. */
export function mergeProfile(policy: TenantPolicy, asked: Profile | undefined): Profile {
  if (asked !== undefined && isWeaker(asked, policy.minimumProfile))
    throw new BoxyardError(
      'FORBIDDEN',
      {},
      {
        message: `This tenant allows nothing weaker than ${policy.minimumProfile}; asked was ${asked}.`,
        hint: `--profile ${policy.minimumProfile}`,
      },
    );
  const profile = asked ?? stricter(policy.defaultProfile, policy.minimumProfile);
  if (profile === 'strict') throw new BoxyardError('EGRESS_UNAVAILABLE');
  return profile;
}

/** A worker's owner has the last word: nothing weaker than the floor runs there. */
export const isAllowedBy = (floor: Profile | undefined, profile: Profile): boolean => floor === undefined || !isWeaker(profile, floor);

/** R5: a network that filters by domain does not exist yet. */
export const egressOf = (profile: Profile): 'unrestricted' | 'none' => (profile === 'offline' ? 'none' : 'unrestricted');
