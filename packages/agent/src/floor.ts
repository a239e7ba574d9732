import {BoxyardError} from '@boxyard/core/errors';
import type {BoxToCreate, Profile, Restriction} from '@boxyard/core/protocol';
import {checkDirectory} from '@boxyard/core/security/names';
import type {z} from 'zod';

const order: readonly Profile[] = ['open', 'standard', 'strict', 'offline'];
export const isWeaker = (profile: Profile, floor: Profile): boolean => order.indexOf(profile) < order.indexOf(floor);

/** What a box of this profile may not be without, whoever asks for it. */
export const enforced: Readonly<Record<Profile, readonly Restriction[]>> = {
  open: [],
  standard: ['memory', 'cpus', 'pids', 'privileges'],
  strict: ['memory', 'cpus', 'pids', 'privileges', 'filesystem', 'network'],
  offline: ['memory', 'cpus', 'pids', 'privileges', 'filesystem', 'network'],
};

/** Refuses with `FLOOR_REFUSED` a profile below the owner's floor; the server can tighten, never loosen. */
export function checkProfile(profile: Profile, floor: Profile | undefined, worker: string): void {
  if (floor !== undefined && isWeaker(profile, floor)) throw refused(profile, floor, worker);
}

/**
 * What no server may ask for, whatever the floor: this machine's own network, all privileges, and a folder to begin in that is
 * a descriptor of the runtime. A switch of the owner for the first two does not exist yet.
 */
export function checkReach({network, privileges, cwd}: Pick<z.infer<typeof BoxToCreate>, 'network' | 'privileges' | 'cwd'>): void {
  if (network === 'host') throw new BoxyardError('UNSUPPORTED', {what: 'network host', by: 'this worker'});
  if (privileges === 'all') throw new BoxyardError('UNSUPPORTED', {what: 'all privileges', by: 'this worker'});
  if (cwd !== undefined) checkDirectory(cwd);
}

/** A build has the engine's own network and limits: no profile stricter than `standard` can be kept in it. */
export const checkBuild = (floor: Profile | undefined, worker: string): void => checkProfile('standard', floor, worker);

/** Refuses a box whose fields say less than its profile's name: the agent looks at what is asked of the engine, not at the word. */
export function checkBox(spec: z.infer<typeof BoxToCreate>, floor: Profile | undefined, worker: string): void {
  if (floor === undefined || floor === 'open') return;
  const isOpen =
    spec.network === undefined ||
    spec.network === 'host' ||
    spec.privileges === undefined ||
    spec.privileges === 'all' ||
    spec.limits.memoryBytes === undefined ||
    spec.limits.pids === undefined;
  if (isOpen) throw refused('open', floor, worker);
  if (isWeaker('standard', floor) && !spec.readOnlyRoot) throw refused('standard', floor, worker);
  if (floor === 'offline' && spec.network !== 'none') throw refused('strict', floor, worker);
}

/** For a box that exists: the profile it was made with is on its label. */
export function checkLabels(labels: Readonly<Record<string, string>>, floor: Profile | undefined, worker: string): void {
  if (floor === undefined || floor === 'open') return;
  const found = order.find(profile => profile === labels['io.boxyard.profile']) ?? 'open';
  checkProfile(found, floor, worker);
}

const refused = (profile: Profile, floor: Profile, worker: string) => new BoxyardError('FLOOR_REFUSED', {worker, floor, profile});
