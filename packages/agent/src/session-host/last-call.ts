import {AsyncLocalStorage} from 'node:async_hooks';
import {closeSync, openSync, readFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {Entering} from '@boxyard/core/plugin-host';

const LENGTH = 128;
const NOBODY = Buffer.alloc(LENGTH, ' ');

export const lastCallFile = (version: string): string => `host-${version}.call`;

/**
 * For which job this session host is inside its engine's code right now, in a file that outlives it: what ends the process there,
 * without a trace of its own, is that job's doing. Two writes of 128 bytes a call; what an engine does after its call has returned a
 * promise is not seen here. One instance per state directory and version.
 */
export class LastCall {
  readonly #file: number;
  readonly #job = new AsyncLocalStorage<string>();

  constructor(stateDir: string, version: string) {
    this.#file = openSync(join(stateDir, lastCallFile(version)), 'w', 0o600);
  }

  /** Calls of engines that come of `work`, also later, are for this job. */
  for<T>(job: string, work: () => T): T {
    return this.#job.run(job, work);
  }

  readonly entering: Entering = (_, work) => {
    const job = this.#job.getStore();
    if (job === undefined) return work();
    this.#write(Buffer.from(job.padEnd(LENGTH).slice(0, LENGTH)));
    try {
      return work();
    } finally {
      this.#write(NOBODY);
    }
  };

  close(): void {
    closeSync(this.#file);
  }

  /** A full disk takes away the evidence, not the job. */
  #write(bytes: Buffer): void {
    try {
      writeSync(this.#file, bytes, 0, LENGTH, 0);
    } catch {
      // Without it there is the moment to go by.
    }
  }
}

/** For which job the session host that is gone was inside its engine's code; undefined if for none, or if it noted nothing. */
export function jobEntered(stateDir: string, version: string): string | undefined {
  try {
    return readFileSync(join(stateDir, lastCallFile(version)), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
