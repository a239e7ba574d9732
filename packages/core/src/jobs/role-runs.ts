import type {JobStore} from './store.ts';

const atOnce = '49';

/** Lets runs of a role that wait go on, oldest first, as many as may. May run twice at once: the last place is given once. */
export async function letRunsIn(store: JobStore, role: string): Promise<void> {
  const {keys} = store.rim;
  for (let hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (const id of await store.rim.ask(redis => redis.zrange(keys.roleQueue(role), '0', atOnce))) {
      const stepped = await store.step(
        id,
        {type: 'lift'},
        {actor: 'server', add: (change, before) => change.below('role', keys.roleRuns(role), before.origin?.most ?? 1)},
      );
      if (stepped !== undefined && 'full' in stepped) return;
      hasChanged ||= stepped?.hasChanged === true;
    }
  }
}
