import type {Box} from '@boxyard/core/plugin-api';

const KEPT = 1_000;

/**
 * Handles of boxes that were found once, for execs: the agent has just looked whose a box is before it asks for one, and the name
 * is the handle, so the engine need not be asked again. One whose box is gone is refused by the exec itself.
 */
export class FoundBoxes {
  readonly #boxes = new Map<string, Box>();

  get(engine: string, name: string): Box | undefined {
    return this.#boxes.get(keyOf(engine, name));
  }

  keep(engine: string, box: Box): void {
    this.#boxes.set(keyOf(engine, box.name), box);
    if (this.#boxes.size > KEPT) this.#boxes.delete(this.#boxes.keys().next().value!);
  }

  forget(engine: string, name: string): void {
    this.#boxes.delete(keyOf(engine, name));
  }
}

const keyOf = (engine: string, name: string) => `${engine} ${name}`;
