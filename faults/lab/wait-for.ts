import {setTimeout as delay} from 'node:timers/promises';

export interface Patience {
  /** Milliseconds. */
  readonly within: number;
  readonly every?: number;
  /** Said when it did not happen, with the last value seen. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

/** Looks until `look` gives something other than undefined, false or null; a look that throws counts as "not yet". */
export async function waitFor<T>(look: () => T | Promise<T>, patience: Patience): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + patience.within;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false && seen !== null) return seen as NonNullable<Exclude<T, false>>;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) throw new Error(`${patience.what}: not within ${patience.within} ms; last: ${describe(last)}`, {cause: last});
    await delay(Math.min(patience.every ?? 50, Math.max(1, end - Date.now())), undefined, patience.signal ? {signal: patience.signal} : {});
  }
}

/** Waits for a value that tells by `done` whether it is the one; a failure shows the last one seen. */
export async function waitUntil<T>(look: () => Promise<T>, done: (value: T) => boolean, patience: Patience): Promise<T> {
  let last: {value: T} | undefined;
  try {
    return await waitFor(async () => {
      last = {value: await look()};
      return done(last.value) ? last : undefined;
    }, patience).then(found => found.value);
  } catch (error) {
    if (last === undefined) throw error;
    throw new Error(`${patience.what}: not within ${patience.within} ms; last: ${describe(last.value)}`, {cause: error});
  }
}

const describe = (value: unknown): string => {
  if (value instanceof Error) return value.message;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (text ?? 'nothing').slice(0, 2_000);
};
