import type {ClusterView, RoleView} from '../api/index.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {newId} from '../config/index.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import {withContexts} from './contexts.ts';
import {iso} from '../rim/clock.ts';
import type {Caller, ClusterService} from '../services.ts';
import {type RunnerDeps, createRunner} from './letting-in.ts';
import {type RoleWebhookDeps, createRoleWebhooks} from './role-webhooks.ts';
import {
  type ClusterRecord,
  type Making,
  type RoleRecord,
  applied,
  changed,
  changesOf,
  checkFolders,
  checkRoles,
  checkWatches,
  cronsOf,
  findRole,
} from './rules.ts';
import {nextOf} from './rules-cron.ts';
import {countRuns, findCluster, getCluster, listClusters, openRuns, writeCluster} from './store.ts';

const mostTries = 20;

export interface ClusterDeps extends RunnerDeps, RoleWebhookDeps {
  readonly blobs: Blobs;
}

export function createClusterService(deps: ClusterDeps): Omit<ClusterService, 'runs' | 'showRun'> {
  const parts = createParts(deps);
  return {...wholeClusters(parts), ...changesOfClusters(parts), ...theirRoles(parts), ...createRoleWebhooks(deps), run: createRunner(deps)};
}

function createParts({rim, cancel, blobs}: ClusterDeps) {
  const view = async (record: ClusterRecord): Promise<ClusterView> =>
    clusterView(
      record,
      await countRuns(
        rim,
        record.roles.map(role => role.id),
      ),
      rim.clock.now(),
    );
  return {
    rim,
    blobs,
    view,
    making: ({tenant, actor}: Caller): Making => ({tenant, actor, now: rim.clock.now(), newId}),
    /** Reads, changes and writes until nobody came between. */
    change: async (caller: Caller, text: string, next: (record: ClusterRecord) => ClusterRecord): Promise<ClusterRecord> => {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const before = await getCluster(rim, caller.tenant, text);
        const after = next(before);
        if (after === before || (await writeCluster(rim, {before, after}, caller.actor))) return after;
      }
      throw tooFast(text);
    },
    end: async (caller: Caller, roles: readonly RoleRecord[], reason: string): Promise<string[]> => {
      const runs = (await Promise.all(roles.map(role => openRuns(rim, role.id)))).flat();
      const ids = runs.map(run => run.id);
      for (const id of ids) await cancel(caller, id, reason);
      return ids;
    },
  };
}
type Parts = ReturnType<typeof createParts>;

const tooFast = (name: string) => new BoxyardError('CONFLICT', {what: `cluster ${name}`, issue: 'changes faster than it can be read'});

const wholeClusters = ({rim, blobs, view, making, end}: Parts): Pick<ClusterService, 'list' | 'show' | 'apply' | 'create'> => ({
  list: async tenant => ({items: await Promise.all((await listClusters(rim, tenant)).map(view))}),
  show: async (tenant, cluster) => view(await getCluster(rim, tenant, cluster)),
  apply: async (caller, asked, isDryRun) => {
    checkRoles(asked.roles, rim.clock.now());
    const document = {...asked, roles: await withContexts(blobs, caller.tenant, asked.roles, isDryRun)};
    for (let tries = 0; tries < mostTries; tries += 1) {
      const before = await findCluster(rim, caller.tenant, document.name);
      const after = applied(before, document, making(caller));
      const changes = changesOf(before, after);
      if (isDryRun) return {changes, ...(before === undefined ? {} : {cluster: await view(before)})};
      const isDone = after === before || (await writeCluster(rim, {before, after}, caller.actor).catch(isAgain));
      if (!isDone) continue;
      await end(caller, after.enabled ? leftOut(before, after) : (before?.roles ?? []), 'its cluster was changed');
      return {changes, cluster: await view(after)};
    }
    throw tooFast(document.name);
  },
  create: async (caller, document) => {
    checkRoles(document.roles, rim.clock.now());
    const roles = await withContexts(blobs, caller.tenant, document.roles);
    const after = applied(undefined, {...document, roles}, making(caller));
    await writeCluster(rim, {after}, caller.actor);
    return view(after);
  },
});

const changesOfClusters = ({rim, view, change, end}: Parts): Pick<ClusterService, 'update' | 'remove' | 'stop'> => ({
  update: async (caller, cluster, fields) => {
    const after = await change(caller, cluster, record => {
      const {name = record.name, prompt = record.prompt, enabled = record.enabled, folders = record.folders} = fields;
      checkFolders(folders, 'folders');
      const wanted = {name, prompt, enabled, folders};
      return changesOf(record, {...record, ...wanted}).length === 0 ? record : changed(record, wanted, rim.clock.now());
    });
    if (fields.enabled === false) await end(caller, after.roles, 'its cluster was disabled');
    return view(after);
  },
  remove: async (caller, cluster) => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const before = await getCluster(rim, caller.tenant, cluster);
      if (!(await writeCluster(rim, {before}, caller.actor))) continue;
      await end(caller, before.roles, 'its cluster was removed');
      return;
    }
    throw tooFast(cluster);
  },
  stop: async (caller, cluster, role) => {
    const record = await getCluster(rim, caller.tenant, cluster);
    return end(caller, role === undefined ? record.roles : [findRole(record, role)], `stopped by ${caller.actor}`);
  },
});

const theirRoles = ({rim, blobs, view, change, end}: Parts): Pick<ClusterService, 'showRole' | 'addRole' | 'putRole' | 'removeRole'> => ({
  showRole: async (tenant, cluster, role) => {
    const record = await getCluster(rim, tenant, cluster);
    const {id} = findRole(record, role);
    return (await view(record)).roles.find(found => found.id === id)!;
  },
  addRole: async (caller, cluster, asked) => {
    checkRoles([asked], rim.clock.now());
    const [role] = await withContexts(blobs, caller.tenant, [asked]);
    return view(
      await change(caller, cluster, record => {
        const roles = [...record.roles, {id: newId('r'), ...role!}];
        checkRoles(roles, rim.clock.now());
        checkWatches([role!], {folders: record.folders, roles});
        return changed(record, {roles}, rim.clock.now());
      }),
    );
  },
  putRole: async (caller, cluster, text, asked) => {
    checkRoles([asked], rim.clock.now());
    const [role] = await withContexts(blobs, caller.tenant, [asked]);
    return view(
      await change(caller, cluster, record => {
        const {id} = findRole(record, text);
        const roles = record.roles.map(known => (known.id === id ? {id, ...role!} : known));
        checkRoles(roles, rim.clock.now());
        checkWatches([role!], {folders: record.folders, roles});
        return changesOf(record, {...record, roles}).length === 0 ? record : changed(record, {roles}, rim.clock.now());
      }),
    );
  },
  removeRole: async (caller, cluster, text) => {
    const role = findRole(await getCluster(rim, caller.tenant, cluster), text);
    await change(caller, cluster, record => changed(record, {roles: record.roles.filter(known => known.id !== role.id)}, rim.clock.now()));
    await end(caller, [role], 'its role was removed');
  },
});

/** Somebody else made it at the same moment: it is read again. */
function isAgain(error: unknown): false {
  if (isBoxyardError(error) && error.code === 'NAME_TAKEN') return false;
  throw error;
}

const leftOut = (before: ClusterRecord | undefined, after: ClusterRecord): RoleRecord[] =>
  (before?.roles ?? []).filter(role => !after.roles.some(kept => kept.id === role.id));

function clusterView(
  record: ClusterRecord,
  runs: readonly {readonly running: number; readonly queued: number}[],
  now: number,
): ClusterView {
  const {createdAt, updatedAt, roles, folders, ...rest} = record;
  const views = roles.map((role, at): RoleView => {
    const next = nextOf(cronsOf(record, role), now);
    return {...role, ...runs[at]!, ...(next === undefined ? {} : {next: iso(next.at)})};
  });
  return {
    ...rest,
    ...(folders === undefined ? {} : {folders: [...folders]}),
    roles: views,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}
