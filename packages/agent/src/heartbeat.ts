import {readFileSync, statfsSync} from 'node:fs';
import {cpus, freemem} from 'node:os';
import type {Heartbeat} from '@boxyard/core/protocol';

interface Times {
  readonly idle: number;
  readonly total: number;
}

/** Real figures of this machine; CPU use is the share since the last call. */
export class Vitals {
  readonly #dir: string;
  #last: Times = cpuTimes();

  constructor(dir: string) {
    this.#dir = dir;
  }

  read(containersRunning: number, diskPressure: boolean): Heartbeat {
    return {
      type: 'worker.heartbeat',
      cpuUsage: this.#cpuUsage(),
      memoryFree: memoryFree(),
      ...diskOf(this.#dir),
      containersRunning,
      gatewayStatus: 'disabled',
      diskPressure,
      clock: Date.now(),
    };
  }

  #cpuUsage(): number {
    const now = cpuTimes();
    const total = now.total - this.#last.total;
    const busy = total - (now.idle - this.#last.idle);
    this.#last = now;
    return total <= 0 ? 0 : Math.min(100, Math.max(0, Math.round((busy / total) * 1000) / 10));
  }
}

function cpuTimes(): Times {
  let idle = 0;
  let total = 0;
  for (const {times} of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return {idle, total};
}

/** What programs can still have: the kernel's own estimate where there is one. */
function memoryFree(): number {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (match) return Number(match[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return freemem();
}

export interface Disk {
  readonly diskTotal?: number;
  readonly diskFree?: number;
}

export function diskOf(dir: string): Disk {
  try {
    const {blocks, bavail, bsize} = statfsSync(dir);
    return {diskTotal: blocks * bsize, diskFree: bavail * bsize};
  } catch {
    return {};
  }
}
