import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Exit} from '@boxyard/core/protocol';

/** What is on disk of an exec, beside its spool: an engine forgets execs, and whoever holds one may die (R23). */
export class ExecMarks {
  readonly #dir: string;
  readonly #slot: string;

  constructor(dir: string, slot: string) {
    this.#dir = dir;
    this.#slot = slot;
  }

  /** From just before the engine is asked: an exec is never asked for twice, whoever died in between. */
  get isStarted(): boolean {
    return existsSync(this.#file('started'));
  }

  markStarted(): void {
    this.#write('started', '');
  }

  get exit(): Exit | undefined {
    return existsSync(this.#file('exit')) ? (JSON.parse(readFileSync(this.#file('exit'), 'utf8')) as Exit) : undefined;
  }

  /** An end is known to whoever marks it, so a full disk does not undo it. */
  markExit(exit: Exit): void {
    try {
      this.#write('exit', JSON.stringify(exit));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  #file(kind: 'started' | 'exit'): string {
    return join(this.#dir, `${this.#slot}.${kind}`);
  }

  #write(kind: 'started' | 'exit', content: string): void {
    mkdirSync(this.#dir, {recursive: true, mode: 0o700});
    writeFileSync(this.#file(kind), content, {mode: 0o600});
  }
}
