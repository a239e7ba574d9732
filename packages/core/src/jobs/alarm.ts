import {dueBetween, nextDue} from './store-waiting.ts';
import type {JobStore} from './store.ts';

export interface AlarmOptions {
  readonly store: JobStore;
  /** How far ahead it looks: what is due later is found by a later look. */
  readonly aheadMs: number;
  readonly nudge: (things: readonly string[]) => void;
  readonly onFault: (error: unknown) => void;
}

/**
 * One timer of this process, armed for the earliest row of `due` that is still to come, so that what is due at T happens near
 * T. It only rings: a ring that is lost, with its process or otherwise, costs one sweep (R1).
 */
export interface Alarm {
  /** A row for that time was written here; milliseconds by Redis. */
  note(at: number): void;
  /** Arms for what others wrote; once per sweep. */
  look(): Promise<void>;
  close(): void;
}

/** Behind the row's time by as much as two readings of Redis's clock may differ, so that whoever looks finds it due. */
const behindMs = 20;

export function createAlarm({store, aheadMs, nudge, onFault}: AlarmOptions): Alarm {
  const {clock} = store.rim;
  let timer: NodeJS.Timeout | undefined;
  let armed = Infinity;
  let rung = clock.now();
  let isClosed = false;
  const arm = (at: number) => {
    if (isClosed || at >= armed) return;
    armed = at;
    clearTimeout(timer);
    timer = setTimeout(() => void ring().catch(onFault), Math.max(0, at - clock.now()) + behindMs);
    timer.unref();
  };
  const look = async () => {
    const at = await nextDue(store, rung, clock.now() + aheadMs);
    if (at !== undefined) arm(at);
  };
  const ring = async () => {
    const [from, until] = [rung, clock.now()];
    armed = Infinity;
    rung = until;
    nudge(await dueBetween(store, from, until));
    await look();
  };
  return {
    look,
    note: at => {
      if (at <= clock.now() + aheadMs && at > rung) arm(at);
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
