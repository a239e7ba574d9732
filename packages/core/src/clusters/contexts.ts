import type {RoleDocument} from '../api/index.ts';
import type {Blobs} from '../blobs/blobs.ts';
import {keepContext} from '../blobs/contexts.ts';
import type {RedisRim} from '../rim/redis.ts';
import {listClusters} from './store.ts';

/** The roles as they are kept: contexts by what is in them. A dry run names what is not here yet. */
export async function withContexts<T extends RoleDocument>(
  blobs: Blobs,
  tenant: string,
  roles: readonly T[],
  isDryRun = false,
): Promise<T[]> {
  const kept: T[] = [];
  for (const role of roles) {
    const {build} = role;
    const isNamed = build === undefined || (isDryRun && build.context.startsWith('sha256:'));
    if (isNamed) kept.push(role);
    else kept.push({...role, build: {...build, context: `sha256:${(await keepContext(blobs, tenant, build.context)).hash}`}});
  }
  return kept;
}

/** Contexts that no role names any more, a day behind the last time they were asked for. Jobs have links of their own. */
export async function sweepContexts(rim: RedisRim, blobs: Blobs): Promise<void> {
  for (const tenant of await blobs.tenantsWithContexts()) {
    const roles = (await listClusters(rim, tenant)).flatMap(cluster => cluster.roles);
    const used = new Set(roles.map(role => role.build?.context));
    await blobs.contexts(tenant).sweep(hash => used.has(`sha256:${hash}`), Date.now());
  }
}
