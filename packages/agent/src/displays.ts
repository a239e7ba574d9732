import type {Duplex} from 'node:stream';
import {BoxyardError} from '@boxyard/core/errors';
import type {Reach, Screen} from '@boxyard/core/plugin-api';
import type {LoadedDisplay} from '@boxyard/core/plugin-host';
import type {Attempt, DisplayReport} from '@boxyard/core/protocol';
import {type FailedPlugin, failedPlugin} from './engines.ts';

type Of = {readonly job: string; readonly attempt: Attempt};

export interface ScreenToOpen {
  readonly of: Of;
  /** Name of the plugin. */
  readonly display: string;
  readonly box: Pick<Reach, 'exec' | 'connect'>;
  readonly size: {readonly width: number; readonly height: number};
  readonly signal: AbortSignal;
}

/** More people than look at one desktop; each costs a connection into the box. */
const MOST_VIEWERS = 32;

/** The screens that jobs of this agent hold open, each with those who look on. They end with the agent, which opens them anew. */
export class Displays {
  readonly #loaded: readonly LoadedDisplay[];
  readonly #failed: readonly FailedPlugin[];
  readonly #open = new Map<string, OpenScreen>();

  constructor(loaded: readonly LoadedDisplay[], failed: readonly FailedPlugin[] = []) {
    this.#loaded = loaded;
    this.#failed = failed;
  }

  reports(): DisplayReport[] {
    const usable = this.#loaded.map(({name, origin}) => ({name, usable: true, ...(origin === undefined ? {} : {plugin: {...origin}})}));
    return [...usable, ...this.#failed.map(failedPlugin)];
  }

  async open({of, display, box, size, signal}: ScreenToOpen): Promise<OpenScreen> {
    const plugin = this.#loaded.find(one => one.name === display);
    if (plugin === undefined) throw new BoxyardError('UNSUPPORTED', {what: `The display ${display}`, by: 'this worker'});
    const screen = new OpenScreen(of, await plugin.display.open(box, size, signal), () => {
      if (this.#open.get(of.job) === screen) this.#open.delete(of.job);
    });
    this.#open.set(of.job, screen);
    return screen;
  }

  /** A view of a screen that is open. */
  async view({job, attempt, glance = false}: Of & {readonly glance?: boolean | undefined}, signal: AbortSignal): Promise<Duplex> {
    const screen = this.#open.get(job);
    if (screen?.of.attempt.id !== attempt.id) throw new BoxyardError('NOT_FOUND', {what: 'display', name: job});
    return screen.view(signal, glance);
  }
}

interface Looks {
  readonly open: Set<Duplex>;
  opening: number;
}
const countOf = ({open, opening}: Looks): number => open.size + opening;

/** One screen, until `close`. */
export class OpenScreen {
  readonly of: Of;
  /** Why it ended by itself. */
  readonly ended: Promise<string>;
  readonly #screen: Screen;
  readonly #onClose: () => void;
  readonly #viewers: Looks = {open: new Set(), opening: 0};
  /** Those who look in passing are nobody, and keep nobody out. */
  readonly #glances: Looks = {open: new Set(), opening: 0};
  #leftAt = performance.now();

  constructor(of: Of, screen: Screen, onClose: () => void) {
    this.of = of;
    this.#screen = screen;
    this.ended = screen.ended;
    this.#onClose = onClose;
  }

  /** How long nobody has looked; 0 while somebody does. */
  get idleMs(): number {
    return countOf(this.#viewers) > 0 ? 0 : performance.now() - this.#leftAt;
  }

  async view(signal: AbortSignal, isGlance = false): Promise<Duplex> {
    const looks = isGlance ? this.#glances : this.#viewers;
    if (countOf(looks) >= MOST_VIEWERS) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'viewers of this display'});
    const left = () => void (isGlance || (this.#leftAt = performance.now()));
    looks.opening += 1;
    try {
      const view = await this.#screen.view(signal);
      looks.open.add(view);
      view.once('close', () => {
        looks.open.delete(view);
        left();
      });
      return view;
    } finally {
      looks.opening -= 1;
      left();
    }
  }

  /** Lets nobody look any more. */
  async close(): Promise<void> {
    this.#onClose();
    for (const view of [...this.#viewers.open, ...this.#glances.open]) view.destroy();
    await this.#screen.close();
  }
}
