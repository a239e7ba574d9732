/** Who looks at a display, as far as this server knows. */
export interface Watchers {
  readonly viewers: number;
  /** Actor whose keys and pointer count. */
  readonly controller?: string | undefined;
  /** Since when nobody has looked, in milliseconds since 1970; unknown where somebody does, or nobody has here. */
  readonly quietSince?: number | undefined;
}

export interface Controller {
  /** Whether it ever may: by its token, and by what it asked for. */
  readonly mayControl: boolean;
  /** It looks in passing: it is none of the viewers, and is told of them. */
  readonly isGlance: boolean;
  readonly actor: string;
  /** Only on a change, and never during the call that made it join. */
  changed(controls: boolean): void;
  /** Where it looks in passing: during the call that made it join, and on every change. */
  told(watchers: Watchers): void;
}

interface Watched {
  readonly viewers: Set<Controller>;
  readonly glances: Set<Controller>;
  controller: Controller | undefined;
}

/** Displays of which it is known when the last viewer left: those that were left last. */
const MOST_QUIET = 1_000;

/** Who controls which display of this server: one viewer at most, the others look on. */
export class Controls {
  readonly #displays = new Map<string, Watched>();
  readonly #quietSince = new Map<string, number>();

  /** It controls where nobody does. The function returned lets go; who looks on longest and may is next. */
  join(display: string, viewer: Controller): () => void {
    const watched = this.#displays.get(display) ?? {viewers: new Set(), glances: new Set(), controller: undefined};
    this.#displays.set(display, watched);
    if (viewer.isGlance) {
      watched.glances.add(viewer);
      viewer.told(this.#watchersOf(display, watched));
      return () => {
        watched.glances.delete(viewer);
        this.#forget(display, watched);
      };
    }
    watched.viewers.add(viewer);
    this.#quietSince.delete(display);
    if (viewer.mayControl) watched.controller ??= viewer;
    this.#tell(display, watched);
    return () => this.#leave(display, watched, viewer);
  }

  has(display: string, viewer: Controller): boolean {
    return this.#displays.get(display)?.controller === viewer;
  }

  /** Whoever had it is told first: it has to let go of its keys before the next one presses any. */
  take(display: string, viewer: Controller): void {
    const watched = this.#displays.get(display);
    if (watched === undefined || !viewer.mayControl || watched.controller === viewer) return;
    const before = watched.controller;
    watched.controller = viewer;
    before?.changed(false);
    viewer.changed(true);
    this.#tell(display, watched);
  }

  #leave(display: string, watched: Watched, viewer: Controller): void {
    watched.viewers.delete(viewer);
    if (watched.viewers.size === 0) this.#isQuiet(display);
    if (watched.controller === viewer) {
      watched.controller = [...watched.viewers].find(one => one.mayControl);
      watched.controller?.changed(true);
    }
    this.#tell(display, watched);
    this.#forget(display, watched);
  }

  #isQuiet(display: string): void {
    this.#quietSince.set(display, Date.now());
    const [oldest] = this.#quietSince.keys();
    if (this.#quietSince.size > MOST_QUIET) this.#quietSince.delete(oldest!);
  }

  #forget(display: string, watched: Watched): void {
    const isLeft = watched.viewers.size + watched.glances.size === 0;
    if (isLeft && this.#displays.get(display) === watched) this.#displays.delete(display);
  }

  #tell(display: string, watched: Watched): void {
    const watchers = this.#watchersOf(display, watched);
    for (const glance of watched.glances) glance.told(watchers);
  }

  #watchersOf(display: string, {viewers, controller}: Watched): Watchers {
    const quietSince = this.#quietSince.get(display);
    return {
      viewers: viewers.size,
      ...(controller === undefined ? {} : {controller: controller.actor}),
      ...(quietSince === undefined ? {} : {quietSince}),
    };
  }
}
