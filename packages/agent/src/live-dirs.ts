import {createHash} from 'node:crypto';
import {closeSync, constants, fchmodSync, lstatSync, lutimesSync, mkdirSync, openSync, readdirSync, renameSync, type Stats} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import type {Mount} from '@boxyard/core/plugin-api';
import {createInTurn} from './in-turn.ts';
import type {JobRow} from './journal.ts';
import type {Parts} from './steps/index.ts';

/** Where a box has it; the environment's `BOXYARD_LIVE_DIR` says so. */
export const LIVE_DIR = '/workspace/live';

type LiveParts = Pick<Parts, 'engines' | 'journal' | 'timing' | 'stateDir' | 'log'> & {readonly machine: string};

/**
 * Directories that the jobs of one role share while they run: `<state>/live/<key>.<engine>`, this agent's alone, with `files` in it,
 * which is mounted. An engine that keeps volumes and can remove them has the files in one instead. When the directory was last used is
 * its time of change, which no job can reach. A path is looked at before it is used and never followed: what is no directory of ours
 * there fails the job (C24). Nothing here changes what is in `files`; its mode is set once, before anybody has it.
 */
export class LiveDirs {
  readonly #parts: LiveParts;
  readonly #inTurn = createInTurn();

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  /** Makes it if it is not there. The job must be in the journal, or it may be cleared away again. Idempotent. */
  mount(engine: string, key: string, signal: AbortSignal): Promise<Mount> {
    return this.#inTurn.alone(`${key}.${engine}`, signal, async () => {
      const dir = join(this.#root(), `${key}.${engine}`);
      makeOwn(dir, 0o700);
      touch(dir);
      const more = {target: LIVE_DIR, readOnly: false};
      if (this.#hasVolumes(engine)) return {...more, kind: 'volume', name: this.#volume(key)};
      const source = join(dir, 'files');
      makeOwn(source, 0o777);
      return {...more, kind: 'bind', source};
    });
  }

  /** Removes what no job has used for `liveKept`; what one uses counts as used now. */
  async clean(): Promise<void> {
    const {signal: never} = new AbortController();
    for (const name of namesIn(join(this.#parts.stateDir, 'live'))) {
      const [, key, engine] = /^([0-9a-f]{64})\.([a-z0-9-]+)$/.exec(name) ?? [];
      const work = () => (key === undefined || engine === undefined ? this.#removeFiles(name) : this.#cleanOne(name, key, engine));
      await this.#inTurn
        .alone(name, never, work)
        .catch((error: unknown) => this.#parts.log('a shared directory stays', {name, error: String(error)}));
    }
  }

  async #cleanOne(name: string, key: string, engine: string): Promise<void> {
    const dir = join(this.#parts.stateDir, 'live', name);
    if ([...this.#parts.journal.jobs].some(row => uses(row, key, engine))) return touch(dir);
    if (Date.now() - lstatSync(dir).mtimeMs < this.#parts.timing.liveKept) return;
    if (this.#hasVolumes(engine))
      await this.#parts.engines.call(engine, 'removeVolume', async (one, signal) => one.features.removeVolume?.(this.#volume(key), signal));
    // Under a name that no job asks for: what cannot be removed at once is tried again, and nobody finds half of it.
    const gone = `gone.${name}.${Date.now()}`;
    renameSync(dir, join(this.#root(), gone));
    await this.#removeFiles(gone);
  }

  /** Links in it are removed and not followed. */
  #removeFiles(name: string): Promise<void> {
    return rm(join(this.#root(), name), {recursive: true, force: true});
  }

  #root(): string {
    const root = join(this.#parts.stateDir, 'live');
    makeOwn(root, 0o700);
    return root;
  }

  #hasVolumes(engine: string): boolean {
    return this.#parts.engines.entries.find(one => one.name === engine)?.engine.features.removeVolume !== undefined;
  }

  /** Two agents of one machine have one place for volumes. */
  #volume(key: string): string {
    return `live-${createHash('sha256').update(`${this.#parts.machine} ${key}`).digest('hex')}`;
  }
}

const uses = ({state, start}: JobRow, key: string, engine: string): boolean =>
  state !== 'stored' && start.engine === engine && start.steps.some(step => step.do === 'container.create' && step.spec.live?.key === key);

/** With that mode, whatever the umask, from the moment it has its name; one that is there keeps what it has. */
function makeOwn(dir: string, mode: number): void {
  const found = lstatSync(dir, {throwIfNoEntry: false});
  if (found !== undefined) return checkOwn(dir, found);
  const making = `${dir}.making`;
  mkdirSync(making, {mode: 0o700, recursive: true});
  const fd = openSync(making, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
  renameSync(making, dir);
}

function checkOwn(dir: string, found: Stats): void {
  const isOurs = process.getuid === undefined || found.uid === process.getuid();
  if (found.isDirectory() && isOurs) return;
  throw new BoxyardError('CONFLICT', {what: dir, issue: 'is not the directory that this worker made', hint: 'Remove it.'});
}

const touch = (dir: string): void => lutimesSync(dir, new Date(), new Date());

function namesIn(dir: string): string[] {
  try {
    return lstatSync(dir).isDirectory() ? readdirSync(dir) : [];
  } catch {
    return [];
  }
}
