/** Gives data frames, one at a time, when asked; undefined while it has none ready, after which it wakes the lane. */
export interface BulkSource {
  next(): Buffer | undefined;
}

/** More than keys echo. */
const SMALL_BYTES = 4 * 1024;

type OpenSocket = () => {readonly bufferedAmount: number; send(frame: Buffer, sent: () => void): void} | undefined;

/**
 * The slow lane of the connection. Sources take turns, and a frame is handed on only while little waits in the socket, so
 * that heartbeats and results never stand behind a long log. What is small and comes after a pause, as the echo of a key does,
 * goes before those that always have something.
 */
export class BulkLane {
  /** The next in turn first. */
  readonly #sources = new Set<BulkSource>();
  readonly #quick = new Set<BulkSource>();
  #watched = 0;
  readonly #socket: OpenSocket;
  readonly #mostBuffered: number;
  #isPumping = false;

  constructor(socket: OpenSocket, mostBuffered = 512 * 1024) {
    this.#socket = socket;
    this.#mostBuffered = mostBuffered;
  }

  /** `isWatched`: somebody looks at it as it comes. What is returned takes the source out again, once. */
  add(source: BulkSource, isWatched = false): () => void {
    this.#sources.add(source);
    if (isWatched) this.#watched += 1;
    this.wake();
    return () => {
      this.#quick.delete(source);
      if (this.#sources.delete(source) && isWatched) this.#watched -= 1;
    };
  }

  /** While somebody looks on, who could send far ahead should not: on the way to the server it lies before what is looked at. */
  get isWatched(): boolean {
    return this.#watched > 0;
  }

  /** `source` has one small frame after it had none: it is next. */
  hurry(source: BulkSource): void {
    this.#quick.add(source);
    this.wake();
  }

  wake(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    const socket = this.#socket();
    if (!socket) return;
    for (let without = 0; without < this.#sources.size && socket.bufferedAmount < this.#mostBuffered;) {
      const before = this.#sources.size;
      const frame = this.#takeTurn();
      if (frame !== undefined) {
        without = 0;
        socket.send(frame, () => this.wake());
      } else if (this.#sources.size >= before) without += 1;
      // One that left in its turn is none of those that were asked and are still here: there may be one that was not.
    }
  }

  #takeTurn(): Buffer | undefined {
    const [source] = this.#quick.size > 0 ? this.#quick : this.#sources;
    if (source === undefined) return undefined;
    this.#quick.delete(source);
    if (!this.#sources.delete(source)) return undefined;
    this.#sources.add(source);
    return source.next();
  }
}

/** Frames that wait for their turn in a lane. Whoever pushes them bounds them. */
export class FrameQueue implements BulkSource {
  readonly #lane: BulkLane;
  readonly #leave: () => void;
  #frames: {readonly frame: Buffer; readonly onTaken: (() => void) | undefined}[] = [];
  #onEmpty: (() => void) | undefined;

  constructor(lane: BulkLane, isWatched = false) {
    this.#lane = lane;
    this.#leave = lane.add(this, isWatched);
  }

  /** `onTaken`: its turn has come. */
  push(frame: Buffer, onTaken?: () => void): void {
    this.#frames.push({frame, onTaken});
    if (this.#frames.length === 1 && frame.length <= SMALL_BYTES) this.#lane.hurry(this);
    else this.#lane.wake();
  }

  /** Calls when every frame is on its way. */
  finish(then: () => void): void {
    this.#onEmpty = then;
    this.#lane.wake();
  }

  next(): Buffer | undefined {
    const next = this.#frames.shift();
    if (next === undefined) {
      const then = this.#onEmpty;
      this.#onEmpty = undefined;
      then?.();
    }
    next?.onTaken?.();
    return next?.frame;
  }

  /** What waits is dropped. */
  leave(): void {
    this.#frames = [];
    this.#onEmpty = undefined;
    this.#leave();
  }
}
