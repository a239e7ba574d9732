import type {EventItem} from '@boxyard/core/client';
import {entryOf, isBoxyardError, type BoxyardError} from '@boxyard/core/errors';

export interface RefreshOptions<P> {
  readonly load: () => Promise<P>;
  /** Any of them is a reason to look again; that they cannot be had is none to stop. */
  readonly events: () => AsyncIterable<EventItem>;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}
/** The list as it is now, or that it cannot be had at the moment. */
export type Seen<P> = {readonly page: P} | {readonly away: BoxyardError};

const everyMs = 2_000;
/** However much happens, it is looked no more often. */
const leastMs = 250;
/** Nobody listens on this machine while `up` starts again. */
const mayPass = ({code}: BoxyardError): boolean => entryOf(code).retryable || code === 'NO_SERVER';

/** Looks every 2 s, and soon after each event, until the signal aborts. The first look rejects as it is; later ones wait out what passes. */
export async function* refresh<P>({load, events, signal, everyMs: every = everyMs}: RefreshOptions<P>): AsyncGenerator<Seen<P>> {
  const bell = createBell();
  signal.addEventListener('abort', bell.ring, {once: true});
  void ringOnEvents(events, bell.ring, signal);
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const began = performance.now();
    try {
      yield {page: await load()};
    } catch (error) {
      if (signal.aborted) return;
      if (isFirst || !isBoxyardError(error) || !mayPass(error)) throw error;
      yield {away: error};
    }
    if (signal.aborted) return;
    await bell.rungWithin(every);
    const rest = leastMs - (performance.now() - began);
    if (rest > 0 && !signal.aborted) await createBell().rungWithin(rest);
  }
}

async function ringOnEvents(events: RefreshOptions<unknown>['events'], ring: () => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const item of events()) {
      if (signal.aborted) return;
      if (item.type === 'event' || item.type === 'reset' || item.type === 'online') ring();
    }
  } catch {
    // The token may not read them: every two seconds then.
  }
}

/** A ring that nobody waited for yet is heard by the next who waits. */
function createBell(): {ring(): void; rungWithin(ms: number): Promise<void>} {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    async rungWithin(ms) {
      if (!isRung) {
        const {promise, resolve} = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, ms);
        await promise;
        clearTimeout(timer);
      }
      isRung = false;
    },
  };
}

export interface Changes<T> {
  readonly changed: readonly T[];
  /** Names that are in the list no more; none where the list has more pages, in which they may be. */
  readonly gone: readonly string[];
  readonly known: Map<string, string>;
}

/** What is new or other than before, by name. */
export function changesOf<T>(
  known: ReadonlyMap<string, string>,
  page: {readonly items: readonly T[]; readonly nextCursor?: string | undefined},
  nameOf: (item: T) => string,
): Changes<T> {
  const now = new Map<string, string>();
  const changed: T[] = [];
  for (const item of page.items) {
    const [name, text] = [nameOf(item), JSON.stringify(item)];
    now.set(name, text);
    if (known.get(name) !== text) changed.push(item);
  }
  const missing = [...known.keys()].filter(name => !now.has(name));
  if (page.nextCursor === undefined) return {changed, gone: missing, known: now};
  return {changed, gone: [], known: now};
}
