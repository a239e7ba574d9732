import {chmodSync, existsSync, mkdirSync, readdirSync} from 'node:fs';

/** The host directory in which jobs of the engine process record that they were started: `KEY.ATTEMPT.n`, made with O_EXCL. */
export class HostLedger {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, {recursive: true});
    // The jobs run as another user.
    chmodSync(dir, 0o1777);
  }

  /** Attempts in which the key was started, with how often. */
  starts(key: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    if (!existsSync(this.dir)) return counts;
    for (const name of readdirSync(this.dir)) {
      const match = /^(.+)\.([^.]+)\.(\d+)$/.exec(name);
      if (match?.[1] === key) counts.set(match[2]!, Math.max(counts.get(match[2]!) ?? 0, Number(match[3])));
    }
    return counts;
  }
}
