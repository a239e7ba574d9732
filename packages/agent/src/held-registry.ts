import type {Attempt} from '@boxyard/core/protocol';
import type {HostClient} from './host-client.ts';
import type {HeldState} from './session-host/wire.ts';

type Start = Parameters<HostClient['start']>[0];
type Slot = {readonly job: string; readonly attempt: Attempt; readonly slot: string};

/** What the session host holds for this agent, as last told, and who waits for which end. */
export class HeldRegistry {
  readonly #host: HostClient;
  readonly #states = new Map<string, HeldState>();
  readonly #waiting = new Map<string, {resolve: (state: HeldState) => void; reject: (error: Error) => void}[]>();

  constructor(host: HostClient) {
    this.#host = host;
  }

  find(of: Slot): HeldState | undefined {
    return this.#states.get(keyOf(of));
  }

  /** The programs of an attempt that have not ended. */
  live(of: Omit<Slot, 'slot'>): HeldState[] {
    const prefix = keyOf({...of, slot: ''});
    return [...this.#states].filter(([key, state]) => key.startsWith(prefix) && !isOver(state)).map(([, state]) => state);
  }

  /** Resolves when the program runs or has ended; idempotent by slot. */
  async start(message: Start): Promise<HeldState> {
    const state = await this.#host.start(message);
    return this.#states.get(keyOf(state)) ?? state;
  }

  /** Rejects with the session host's loss; then `start` again says what became of it. */
  ended(of: Slot): Promise<HeldState> {
    const state = this.find(of);
    if (state && isOver(state)) return Promise.resolve(state);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(keyOf(of)) ?? [];
      waiting.push({resolve, reject});
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
    for (const {resolve} of this.#waiting.get(key) ?? []) resolve(state);
    this.#waiting.delete(key);
  }

  /** The session host is gone: what had ended is known, the rest has to be asked for again. */
  lost(error: Error): void {
    for (const [key, state] of this.#states) if (!isOver(state)) this.#states.delete(key);
    const waiting = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const {reject} of waiting) reject(error);
  }

  forget(of: Omit<Slot, 'slot'>): void {
    const prefix = keyOf({...of, slot: ''});
    for (const key of this.#states.keys()) if (key.startsWith(prefix)) this.#states.delete(key);
  }
}

const keyOf = ({job, attempt, slot}: Slot) => `${job}.${attempt.number}.${attempt.id}.${slot}`;
const isOver = (state: HeldState) => state.is === 'ended' || state.is === 'failed';
