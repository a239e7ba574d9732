import type {ClusterChange, ClusterDocument, RoleDocument} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {checkCron} from './rules-cron.ts';
import {checkRole} from './rules-run.ts';

export type RoleRecord = RoleDocument & {readonly id: string};

/** A cluster with its roles is one record, so that a document is applied whole or not at all. `v` rises with every change. */
export interface ClusterRecord {
  readonly v: number;
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly prompt?: string | undefined;
  readonly enabled: boolean;
  readonly folders?: readonly string[] | undefined;
  readonly roles: readonly RoleRecord[];
  readonly actor: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Whose record it is, and what is random or of the clock in a new one. */
export interface Making {
  readonly tenant: string;
  readonly actor: string;
  readonly now: number;
  readonly newId: (letter: 'c' | 'r') => string;
}

/** Refuses what a run of a role would be refused for, whoever runs it and whatever workers there are then. */
export function checkRoles(roles: readonly RoleDocument[], now: number): void {
  const names = roles.map(role => role.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new BoxyardError('INVALID_INPUT', {field: 'roles', issue: `${twice} is there twice`});
  for (const role of roles) {
    checkRole(role);
    checkFolders(role.folders, `roles.${role.name}.folders`);
    for (const [at, cron] of (role.triggers?.cron ?? []).entries()) checkCron(cron, `roles.${role.name}.triggers.cron.${at}`, now);
  }
}

/** `shared/out` is where copies of a run put what they bring. */
export function checkFolders(names: readonly string[] = [], field: string): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new BoxyardError('INVALID_INPUT', {field, issue: `${twice} is there twice`});
  if (names.includes('out')) throw new BoxyardError('INVALID_INPUT', {field, issue: 'out is where runs put what they bring'});
}

/** Refuses a watch that nothing could ever start: of a folder that is not one of the cluster's, or of its roles'. */
export function checkWatches(
  roles: readonly RoleDocument[],
  cluster: {readonly folders?: readonly string[] | undefined; readonly roles: readonly RoleDocument[]},
): void {
  for (const role of roles) {
    for (const [at, path] of (role.triggers?.watch ?? []).entries()) {
      if (isFolderOf(cluster, path)) continue;
      const field = `roles.${role.name}.triggers.watch.${at}`;
      throw new BoxyardError('INVALID_INPUT', {
        field,
        issue: `${path} lies in no folder that the cluster or a role of it names in folders`,
      });
    }
  }
}

function isFolderOf({folders, roles}: Parameters<typeof checkWatches>[1], path: string): boolean {
  const [root, first = '', second] = path.replace(/\/+$/, '').split('/');
  if (root === 'shared') return first === 'out' || folders?.includes(first) === true;
  return roles.some(({name, folders: own}) => name === first && own !== undefined && (second === undefined || own.includes(second)));
}

/** The record a document makes of the one there is; roles keep their ids by their names. Without a change it is the one there is. */
export function applied(before: ClusterRecord | undefined, document: ClusterDocument, making: Making): ClusterRecord {
  checkRoles(document.roles, making.now);
  checkFolders(document.folders, 'folders');
  checkWatches(document.roles, document);
  const roles = document.roles.map(role => ({id: before?.roles.find(known => known.name === role.name)?.id ?? making.newId('r'), ...role}));
  const {name, prompt, enabled = true, folders} = document;
  const wanted = {name, ...(prompt === undefined ? {} : {prompt}), enabled, ...(folders === undefined ? {} : {folders}), roles};
  if (before === undefined) {
    const {tenant, actor, now} = making;
    return {v: 1, id: making.newId('c'), tenant, ...wanted, actor, createdAt: now, updatedAt: now};
  }
  return changesOf(before, {...before, ...wanted, prompt, folders}).length === 0
    ? before
    : changed(before, {...wanted, prompt, folders}, making.now);
}

/** The next version of the record, with these fields. */
export const changed = (
  before: ClusterRecord,
  fields: Partial<Pick<ClusterRecord, 'name' | 'prompt' | 'enabled' | 'folders' | 'roles'>>,
  now: number,
): ClusterRecord => ({...before, ...fields, v: before.v + 1, updatedAt: now});

const shown = ['name', 'prompt', 'enabled', 'folders'] as const;

/** What differs between two of a cluster, value by value, roles by their names; from nothing every value is new. */
export function changesOf(before: ClusterRecord | undefined, after: ClusterRecord): ClusterChange[] {
  const own = shown.flatMap(name => change(name, before?.[name], after[name]));
  const names = [...new Set([...(before?.roles ?? []), ...after.roles].map(role => role.name))];
  return [...own, ...names.flatMap(name => roleChanges(name, roleOf(before, name), roleOf(after, name)))];
}

const roleOf = (cluster: ClusterRecord | undefined, name: string) => cluster?.roles.find(role => role.name === name);

function roleChanges(name: string, before: RoleRecord | undefined, after: RoleRecord | undefined): ClusterChange[] {
  if (before === undefined || after === undefined)
    return [{path: `roles.${name}`, ...(before && {from: withoutId(before)}), ...(after && {to: withoutId(after)})}];
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof RoleRecord)[];
  return fields.filter(field => field !== 'id').flatMap(field => change(`roles.${name}.${field}`, before[field], after[field]));
}

function change(path: string, from: unknown, to: unknown): ClusterChange[] {
  if (canonical(from) === canonical(to)) return [];
  return [{path, ...(from === undefined ? {} : {from}), ...(to === undefined ? {} : {to})}];
}

const withoutId = ({id: _id, ...role}: RoleRecord): RoleDocument => role;

/** Equal for equal values, in whatever order their fields came. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) ?? '';

/** By name or id. */
export function findRole(cluster: ClusterRecord, text: string): RoleRecord {
  const found = cluster.roles.find(role => role.id === text || role.name === text);
  if (found === undefined)
    throw new BoxyardError('NOT_FOUND', {
      what: `role of ${cluster.name}`,
      name: text.slice(0, 80),
      list: `boxyard clusters show ${cluster.name}`,
    });
  return found;
}

export const cronsOf = (cluster: ClusterRecord, role: RoleRecord) => (cluster.enabled ? (role.triggers?.cron ?? []) : []);

/** What is looked at when a schedule of the role is due. */
export const cronThing = (cluster: string, role: string): string => `c:${cluster}:${role}`;
