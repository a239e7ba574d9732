import {readFileSync} from 'node:fs';
import {uptime} from 'node:os';

/** Time as the agent uses it. `bootMs` goes on while the machine sleeps, `nowMs` is the server's wall clock as far as known. */
export interface Clock {
  nowMs(): number;
  bootMs(): number;
}

export interface FollowingClock extends Clock {
  /** What the server's clock said just now. */
  follow(serverMs: number): void;
}

/** What the clock of the boot is ahead of the finer one that stands still in sleep, if it has slept. */
const SLEPT_MS = 1_000;

export class AgentClock implements FollowingClock {
  #server = Date.now();
  #awake = performance.now();
  #boot = this.bootMs();

  /** Not by this machine's own wall clock, which may be wrong and jump. */
  nowMs(): number {
    const awake = performance.now() - this.#awake;
    const sinceBoot = this.bootMs() - this.#boot;
    return Math.round(this.#server + (sinceBoot - awake > SLEPT_MS ? sinceBoot : awake));
  }

  bootMs(): number {
    return Math.round(uptime() * 1000);
  }

  follow(serverMs: number): void {
    this.#server = serverMs;
    this.#awake = performance.now();
    this.#boot = this.bootMs();
  }
}

/** The same until the machine boots again. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `booted-${Math.round((Date.now() - uptime() * 1000) / 10_000)}`;
  }
}
