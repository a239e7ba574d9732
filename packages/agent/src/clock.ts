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

export class AgentClock implements FollowingClock {
  #offset = 0;

  nowMs(): number {
    return Math.max(0, Math.round(Date.now() + this.#offset));
  }

  bootMs(): number {
    return Math.round(uptime() * 1000);
  }

  follow(serverMs: number): void {
    this.#offset = serverMs - Date.now();
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
