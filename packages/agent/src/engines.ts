import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError, asBoxyardError} from '@boxyard/core/errors';
import type {Engine, Labels, Probe} from '@boxyard/core/plugin-api';
import type {LoadedEngine} from '@boxyard/core/plugin-host';
import type {EngineReport} from '@boxyard/core/protocol';
import {notAskedYet} from '@boxyard/core/protocol/not-asked-yet';
import {CALL_MS, withDeadline} from './engine-calls.ts';
import {createInTurn} from './in-turn.ts';

export interface EngineEntry extends LoadedEngine {
  probe: Probe;
}

/** A plugin of the config that is not there, does not load, or is not what the config says. */
export interface FailedEngine {
  readonly module: string;
  readonly error: BoxyardError;
}

/** The first probe of a machine starts a container; nobody waits for it but placement. */
const PROBE_MS = 30_000;
const SELDOM = 30;

/**
 * The engines of this machine in the owner's order, and what their last probe said. Every call through here has a deadline,
 * so an engine that hangs holds up nobody but the one who asked it.
 */
export class Engines {
  readonly entries: readonly EngineEntry[];
  /** Images that several jobs at once want built, by engine and name. */
  readonly building = createInTurn();
  readonly #failed: readonly FailedEngine[];
  readonly #onChange: (engine: EngineEntry) => void;
  readonly #asking = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(loaded: readonly LoadedEngine[], onChange: (engine: EngineEntry) => void, failed: readonly FailedEngine[] = []) {
    this.#failed = failed;
    this.entries = loaded.map(one => ({...one, probe: {usable: false, why: notAskedYet}}));
    this.#onChange = onChange;
  }

  /** Asks all once; those that do not answer in `waitMs` are unusable until they do. */
  async probeAll(waitMs: number): Promise<void> {
    const probes = Promise.all(this.entries.map(entry => this.#probe(entry)));
    await Promise.race([probes, delay(waitMs, undefined, {ref: false})]);
  }

  /** Unusable ones are asked again every time, usable ones seldom: some engines pay dearly for the answer. */
  watch(everyMs: number): void {
    let turn = 0;
    this.#timer = setInterval(() => {
      turn += 1;
      for (const entry of this.entries) if (!entry.probe.usable || turn % SELDOM === 0) void this.#probe(entry);
    }, everyMs);
  }

  /** A call failed as it should not have: is the engine still there? */
  suspect(name: string): void {
    void this.#probe(this.entry(name));
  }

  get(name: string): Engine {
    return this.entry(name).engine;
  }

  entry(name: string): EngineEntry {
    const entry = this.entries.find(one => one.name === name);
    if (!entry) throw new BoxyardError('ENGINE_UNAVAILABLE', {engine: name, why: 'this worker has no such engine'});
    return entry;
  }

  /** Resolves when the engine is usable. */
  async usable(name: string, signal: AbortSignal): Promise<void> {
    const entry = this.entry(name);
    for (let waitMs = 100; !entry.probe.usable; waitMs = Math.min(waitMs * 2, 10_000)) {
      await this.#probe(entry);
      if (!entry.probe.usable) await delay(waitMs, undefined, {signal});
    }
  }

  /** One call with a deadline. The signal handed on aborts at the deadline or when the caller's does. */
  async call<T>(
    name: string,
    what: string,
    work: (engine: Engine, signal: AbortSignal) => Promise<T>,
    more: {signal?: AbortSignal; ms?: number} = {},
  ): Promise<T> {
    const engine = this.get(name);
    return withDeadline({engine: name, call: what, ms: more.ms ?? CALL_MS}, more.signal, signal => work(engine, signal));
  }

  reports(): EngineReport[] {
    return [...this.entries.map(loadedReport), ...this.#failed.map(failedReport)];
  }

  list(name: string, labels: Labels, ms: number): Promise<readonly import('@boxyard/core/plugin-api').Box[]> {
    return this.call(name, 'list', (engine, signal) => engine.list(labels, signal), {ms});
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.entries.map(entry => entry.engine.close?.()));
  }

  #probe(entry: EngineEntry): Promise<void> {
    const asking = this.#asking.get(entry.name) ?? this.#ask(entry).finally(() => this.#asking.delete(entry.name));
    this.#asking.set(entry.name, asking);
    return asking;
  }

  async #ask(entry: EngineEntry): Promise<void> {
    const before = JSON.stringify(entry.probe);
    entry.probe = await withDeadline({engine: entry.name, call: 'probe', ms: PROBE_MS}, undefined, signal =>
      entry.engine.probe(signal),
    ).catch((error: unknown): Probe => ({usable: false, why: asBoxyardError(error).message}));
    if (JSON.stringify(entry.probe) !== before) this.#onChange(entry);
  }
}

function loadedReport({name, probe, features, origin}: EngineEntry): EngineReport {
  const about = {
    name,
    features: [...features],
    ...(origin === undefined ? {} : {plugin: {...origin}}),
  };
  if (probe.usable) return {...about, usable: true, version: probe.version, enforces: [...probe.enforces], labels: {...probe.labels}};
  const {why, fix} = probe;
  return {...about, usable: false, why, ...(fix === undefined ? {} : {fix}), enforces: [], labels: {}};
}

/** Told like an engine that cannot be used, so that whoever asks for it learns why. */
const failedReport = ({module, error}: FailedEngine): EngineReport => ({
  name: module,
  usable: false,
  why: error.message,
  ...(error.hint === '' ? {} : {fix: error.hint}),
  features: [],
  enforces: [],
  labels: {},
  plugin: {module, isPinned: false, isLoaded: false},
});
