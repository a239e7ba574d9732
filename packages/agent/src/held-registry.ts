import type {Attempt} from '@boxyard/core/protocol';
import {HostSuspects} from './host-suspects.ts';
import type {Hosts} from './hosts.ts';
import type {HeldState} from './session-host/wire.ts';

type Start = Parameters<Hosts['start']>[0];
type Slot = {readonly job: string; readonly attempt: Attempt; readonly slot: string};

interface Waiter {
  readonly resolve: (state: HeldState) => void;
  readonly reject: (error: Error) => void;
}

/** What the session hosts hold for this agent, as last told, and who waits for which end. */
export class HeldRegistry {
  /** Whose engine takes session hosts down. */
  readonly suspects = new HostSuspects();
  readonly #host: Hosts;
  readonly #states = new Map<string, HeldState>();
  readonly #waiting = new Map<string, {of: Slot; waiters: Waiter[]}>();

  constructor(host: Hosts) {
    this.#host = host;
  }

  find(of: Slot): HeldState | undefined {
    return this.#states.get(keyOf(of));
  }

  /** The programs of an attempt that have not ended. */
  live(of: Omit<Slot, 'slot'>): HeldState[] {
    return this.of(of).filter(state => !isOver(state));
  }

  /** The programs of an attempt, ended ones too. */
  of(of: Omit<Slot, 'slot'>): HeldState[] {
    const prefix = keyOf({...of, slot: ''});
    return [...this.#states].filter(([key]) => key.startsWith(prefix)).map(([, state]) => state);
  }

  /** Resolves when the program runs or has ended; idempotent by slot. */
  async start(message: Start): Promise<HeldState> {
    const state = await this.suspects.handOver(message.job, () => this.#host.start(message));
    return this.#states.get(keyOf(state)) ?? state;
  }

  /** Rejects with the session host's loss; then `start` again says what became of it. */
  ended(of: Slot): Promise<HeldState> {
    const state = this.find(of);
    if (state && isOver(state)) return Promise.resolve(state);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(keyOf(of)) ?? {of, waiters: []};
      waiting.waiters.push({resolve, reject});
      this.#waiting.set(keyOf(of), waiting);
    });
  }

  /** What a program's terminal shows and asks has changed. */
  show(of: Slot, terminal: NonNullable<HeldState['terminal']>): void {
    const state = this.find(of);
    if (state) this.#states.set(keyOf(of), {...state, terminal});
  }

  /** Of all programs that live, those at a terminal. */
  terminals(): HeldState[] {
    return [...this.#states.values()].filter(state => state.terminal !== undefined && !isOver(state));
  }

  update(state: HeldState): void {
    const key = keyOf(state);
    this.#states.set(key, state);
    if (!isOver(state)) return;
    for (const {resolve} of this.#waiting.get(key)?.waiters ?? []) resolve(state);
    this.#waiting.delete(key);
  }

  /** A session host is gone: what had ended is known, the rest of what it held has to be asked for again. */
  lost(error: Error, isLost: (of: Omit<Slot, 'slot'>) => boolean, during?: string): void {
    this.suspects.lost(during);
    for (const [key, state] of this.#states) if (!isOver(state) && isLost(state)) this.#states.delete(key);
    for (const [key, {of, waiters}] of this.#waiting) {
      if (!isLost(of)) continue;
      this.#waiting.delete(key);
      for (const {reject} of waiters) reject(error);
    }
  }

  forget(of: Omit<Slot, 'slot'>): void {
    this.suspects.forget(of.job);
    const prefix = keyOf({...of, slot: ''});
    for (const key of this.#states.keys()) if (key.startsWith(prefix)) this.#states.delete(key);
  }
}

const keyOf = ({job, attempt, slot}: Slot) => `${job}.${attempt.number}.${attempt.id}.${slot}`;
const isOver = (state: HeldState) => state.is === 'ended' || state.is === 'failed';
