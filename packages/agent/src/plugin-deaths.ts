import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {BoxyardError} from '@boxyard/core/errors';
import type {LoadedDisplay, LoadedEngine} from '@boxyard/core/plugin-host';
import {watchLoop} from './loop-watch.ts';

/** A plugin in whose calls this process ended so often is not called any more. */
const MOST_DEATHS = 3;
/** Deaths further apart are not of one cause that a restart does not mend. */
const WINDOW_MS = 600_000;
/** What a plugin does in a call it may do just after having answered it, too. */
const AFTERMATH_MS = 500;

const TRY_AGAIN = 'Mend it, or take it out of the config of this worker; stopped and started in order, the agent tries it again.';

const Call = z.object({module: z.string(), call: z.string()});
type Call = z.infer<typeof Call>;
const Kept = z.object({open: z.array(Call), deaths: z.array(Call.extend({at: z.number()})), isCareful: z.boolean().default(false)});
type Kept = z.infer<typeof Kept>;

const hasAftermath = new Set(['probe', 'list', 'open', 'view']);

const nothing: Kept = {open: [], deaths: [], isCareful: false};

/**
 * Which plugin takes the agent down with it outside of any job: when it is loaded, asked whether it works or what it runs, and a display
 * also when it opens a screen or a view. One that never returns takes it down as well, by `watchLoop`. Each such
 * call is noted in the state directory while it lasts; a process that finds one there knows what ended the last one. Of several at
 * once none is blamed, and the next process makes them one at a time. `close` is an orderly end, after which all have a new chance.
 */
export class PluginDeaths {
  readonly #file: string;
  readonly #open = new Set<Call>();
  readonly #kept: Kept;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #stopWatch: (() => void) | undefined;

  constructor(stateDir: string, now = Date.now()) {
    this.#file = join(stateDir, 'plugin-calls.json');
    const {open, deaths, isCareful} = read(this.#file);
    const recent = deaths.filter(({at}) => Math.abs(now - at) < WINDOW_MS);
    const suspects = new Map(open.map(call => [call.module, call]));
    const [suspect] = suspects.values();
    const found = suspect !== undefined && suspects.size === 1 ? [{...suspect, at: now}] : [];
    this.#kept = {open: [], deaths: [...recent, ...found], isCareful: isCareful || suspects.size > 1};
    if (open.length > 0) this.#write();
  }

  /** Why the plugin is not called any more, in words for a person; undefined while it is. */
  whyOff(module: string): string | undefined {
    const deaths = this.#kept.deaths.filter(death => death.module === module);
    const last = deaths.at(-1);
    return last === undefined || deaths.length < MOST_DEATHS
      ? undefined
      : `its agent ended ${deaths.length} times in its call ${last.call}, so it was switched off`;
  }

  /** `PLUGIN_INVALID` where it is not called any more. */
  async loading<T>(module: string, load: () => Promise<T>): Promise<T> {
    const issue = this.whyOff(module);
    if (issue !== undefined) throw new BoxyardError('PLUGIN_INVALID', {plugin: module, problem: 'deaths', issue, hint: TRY_AGAIN});
    return this.during(module, 'load', load);
  }

  async during<T>(module: string, call: string, work: () => Promise<T>): Promise<T> {
    // Only where there are plugins of others at all.
    this.#stopWatch ??= this.#isClosed ? undefined : watchLoop();
    const isAlone = call === 'load' || this.#kept.isCareful;
    if (!isAlone) return this.#noted({module, call}, work);
    const mine = this.#turn.then(() => this.#noted({module, call}, work));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopWatch?.();
    rmSync(this.#file, {force: true});
  }

  async #noted<T>(call: Call, work: () => Promise<T>): Promise<T> {
    this.#open.add(call);
    this.#write();
    try {
      return await work();
    } finally {
      const over = () => {
        this.#open.delete(call);
        this.#write();
      };
      // What comes after `find` is a job's doing, which has a rule of its own (R27).
      if (hasAftermath.has(call.call)) setTimeout(over, AFTERMATH_MS).unref();
      else over();
    }
  }

  /** For the next process, not for the next boot: a machine that lost power was not ended by a plugin, so nothing is synced. */
  #write(): void {
    if (this.#isClosed) return;
    const kept: Kept = {...this.#kept, open: [...this.#open]};
    try {
      mkdirSync(join(this.#file, '..'), {recursive: true, mode: 0o700});
      writeFileSync(`${this.#file}.new`, JSON.stringify(kept), {mode: 0o600});
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // A disk without room: then nobody is blamed.
    }
  }
}

function read(file: string): Kept {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return nothing;
  }
}

/** The same engine, with what is asked of it outside of jobs noted. */
export const noted = (one: LoadedEngine, deaths: PluginDeaths): LoadedEngine => {
  const {engine, module} = one;
  return {
    ...one,
    engine: {
      ...engine,
      probe: signal => deaths.during(module, 'probe', () => engine.probe(signal)),
      find: (name, signal) => deaths.during(module, 'find', () => engine.find(name, signal)),
      list: (labels, signal) => deaths.during(module, 'list', () => engine.list(labels, signal)),
    },
  };
};

/** The same display, with all that is asked of it noted: it runs in the agent itself. */
export const notedDisplay = (one: LoadedDisplay, module: string, deaths: PluginDeaths): LoadedDisplay => ({
  ...one,
  display: {
    open: async (box, size, signal) => {
      const screen = await deaths.during(module, 'open', () => one.display.open(box, size, signal));
      return {
        ...screen,
        view: given => deaths.during(module, 'view', () => screen.view(given)),
        close: () => deaths.during(module, 'close', () => screen.close()),
      };
    },
  },
});
