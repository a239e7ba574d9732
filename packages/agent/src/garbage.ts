import {existsSync, readdirSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {Box} from '@boxyard/core/plugin-api';
import type {Inventory} from './inventory.ts';
import type {Parts} from './steps/index.ts';

/** Spools that are kept for nothing but a server that lost its last second (R2): how much they may take together. */
const KEPT_BYTES = 1024 ** 3;

/**
 * Removes what nobody answers for: boxes of jobs that are over, spools of results that are stored. Only boxes with this
 * agent's label are looked at, DevBoxes are never touched, and everything has a grace from when it was first seen (B19).
 */
export class Garbage {
  readonly #parts: Parts;
  readonly #inventory: Inventory;
  readonly #orphanedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(parts: Parts, inventory: Inventory) {
    this.#parts = parts;
    this.#inventory = inventory;
  }

  start(): void {
    this.#timer = setInterval(
      () => void this.collect().catch((error: unknown) => this.#parts.log('garbage collection', {error: String(error)})),
      this.#parts.timing.gcEvery,
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async collect(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      const usable = this.#parts.engines.entries.filter(entry => entry.probe.usable);
      await Promise.allSettled(usable.map(entry => this.#engine(entry.name)));
      this.#spools();
      await this.#parts.live.clean();
      this.#parts.host.clearAway();
      await this.#parts.journal.prune();
    } finally {
      this.#isRunning = false;
    }
  }

  async #engine(engine: string): Promise<void> {
    const boxes = (await this.#inventory.look(engine)) ?? [];
    const names = new Set<string>();
    const {clock, timing} = this.#parts;
    for (const box of boxes) {
      if (!this.#isOrphan(box)) continue;
      names.add(box.name);
      const since = this.#orphanedAt.get(`${engine}/${box.name}`) ?? clock.bootMs();
      this.#orphanedAt.set(`${engine}/${box.name}`, since);
      if (clock.bootMs() - since >= timing.gcGrace) await this.#remove(engine, box);
    }
    for (const key of this.#orphanedAt.keys())
      if (key.startsWith(`${engine}/`) && !names.has(key.slice(engine.length + 1))) this.#orphanedAt.delete(key);
  }

  #isOrphan(box: Box): boolean {
    const {labels} = box;
    if (labels['io.boxyard.agent'] !== this.#parts.worker.machine) return false;
    if (labels['io.boxyard.devbox'] !== undefined || labels['io.boxyard.kind'] !== 'job') return false;
    const row = this.#parts.journal.find(labels['io.boxyard.job'] ?? '');
    if (!row || row.state === 'stored') return true;
    return !row.start.steps.some(step => step.do === 'container.create' && step.spec.name === box.name);
  }

  async #remove(engine: string, box: Box): Promise<void> {
    this.#parts.log('an orphaned box is removed', {engine, box: box.name});
    await this.#parts.engines.call(engine, 'remove', async (_, signal) => {
      await box.stop(0, signal);
      await box.remove(signal);
    });
  }

  /** The disk is nearly full: what is only kept to be safe goes first. Spools of unfinished jobs stay. */
  makeRoom(): void {
    this.#spools(0);
  }

  /** A disk that cannot be written keeps it. */
  #drop(path: string): void {
    try {
      rmSync(path, {recursive: true, force: true});
    } catch (error) {
      this.#parts.log('an old spool stays', {path, error: String(error)});
    }
  }

  /** Those nobody needs any more, newest first: what is too old goes, and what is too much. */
  #spools(most = KEPT_BYTES): void {
    const {stateDir, journal, timing} = this.#parts;
    const held = new Set([...journal.jobs].map(row => `${row.job}.${row.attempt.number}.${row.attempt.id}`));
    const kept = spoolsIn(join(stateDir, 'spool')).filter(({name}) => !held.has(name));
    let total = 0;
    for (const {path, changedAt, bytes} of kept.sort((a, b) => b.changedAt - a.changedAt)) {
      total += bytes;
      if (total > most || Date.now() - changedAt >= timing.spoolKept) this.#drop(path);
    }
  }
}

function spoolsIn(dir: string): {name: string; path: string; changedAt: number; bytes: number}[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).map(name => {
    const path = join(dir, name);
    const bytes = readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
    return {name, path, changedAt: statSync(path).mtimeMs, bytes};
  });
}
