import type {Api} from './api.ts';

export const KEPT_MS = 60_000;
const REMOVE_MS = 10_000;

type Keeper = Pick<Api, 'keptNetworks'>;
type Remove<A> = (api: A, name: string, signal: AbortSignal) => Promise<void>;

/**
 * The network stays for a while, and then goes unless somebody took it back. A timer that is forgotten with its process leaves
 * one to be found by its name, or to be removed as a forgotten one by the agent that looks next.
 */
export const keepForNext = <A extends Keeper>(api: A, name: string, remove: Remove<A>, ms = KEPT_MS): void => {
  takeBack(api, name);
  const timer = setTimeout(() => {
    api.keptNetworks.delete(name);
    void remove(api, name, AbortSignal.timeout(REMOVE_MS)).catch(() => undefined);
  }, ms);
  api.keptNetworks.set(name, timer.unref());
};

export const takeBack = (api: Keeper, name: string): void => {
  clearTimeout(api.keptNetworks.get(name));
  api.keptNetworks.delete(name);
};

/** Removes all that are kept, within a bounded time. */
export const letGoOfAll = async <A extends Keeper>(api: A, remove: Remove<A>): Promise<void> => {
  const names = [...api.keptNetworks.keys()];
  for (const name of names) takeBack(api, name);
  const signal = AbortSignal.timeout(REMOVE_MS);
  await Promise.allSettled(names.map(name => remove(api, name, signal)));
};
