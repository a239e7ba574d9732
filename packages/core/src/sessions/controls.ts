export interface Controller {
  /** Whether it ever may: by its token, and by what it asked for. */
  readonly mayControl: boolean;
  /** Only on a change, and never during the call that made it join. */
  changed(controls: boolean): void;
}

interface Watched {
  readonly viewers: Set<Controller>;
  controller: Controller | undefined;
}

/** Who controls which display of this server: one viewer at most, the others look on. */
export class Controls {
  readonly #displays = new Map<string, Watched>();

  /** It controls where nobody does. The function returned lets go; who looks on longest and may is next. */
  join(display: string, viewer: Controller): () => void {
    const watched = this.#displays.get(display) ?? {viewers: new Set(), controller: undefined};
    this.#displays.set(display, watched);
    watched.viewers.add(viewer);
    if (viewer.mayControl) watched.controller ??= viewer;
    return () => {
      watched.viewers.delete(viewer);
      if (watched.viewers.size === 0 && this.#displays.get(display) === watched) this.#displays.delete(display);
      if (watched.controller !== viewer) return;
      watched.controller = [...watched.viewers].find(one => one.mayControl);
      watched.controller?.changed(true);
    };
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
  }
}
