/** Gives data frames, one at a time, when asked; undefined while it has none ready, after which it wakes the lane. */
export interface BulkSource {
  next(): Buffer | undefined;
}

type OpenSocket = () => {readonly bufferedAmount: number; send(frame: Buffer, sent: () => void): void} | undefined;

/**
 * The slow lane of the connection. Sources take turns, and a frame is handed on only while little waits in the socket, so
 * that heartbeats and results never stand behind a long log.
 */
export class BulkLane {
  readonly #sources = new Set<BulkSource>();
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
      if (this.#sources.delete(source) && isWatched) this.#watched -= 1;
    };
  }

  /** While somebody looks on, who could send far ahead should not: on the way to the server it lies before what is looked at. */
  get isWatched(): boolean {
    return this.#watched > 0;
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
    for (let isAny = true; isAny;) {
      isAny = false;
      for (const source of this.#sources) {
        if (socket.bufferedAmount >= this.#mostBuffered) return;
        const frame = source.next();
        if (!frame) continue;
        isAny = true;
        socket.send(frame, () => this.wake());
      }
    }
  }
}

/** Frames that wait for their turn in a lane. Whoever pushes them bounds them. */
export class FrameQueue implements BulkSource {
  readonly #lane: BulkLane;
  readonly #leave: () => void;
  #frames: Buffer[] = [];
  #onEmpty: (() => void) | undefined;

  constructor(lane: BulkLane, isWatched = false) {
    this.#lane = lane;
    this.#leave = lane.add(this, isWatched);
  }

  push(frame: Buffer): void {
    this.#frames.push(frame);
    this.#lane.wake();
  }

  /** Calls when every frame is on its way. */
  finish(then: () => void): void {
    this.#onEmpty = then;
    this.#lane.wake();
  }

  next(): Buffer | undefined {
    const frame = this.#frames.shift();
    if (frame === undefined) {
      const then = this.#onEmpty;
      this.#onEmpty = undefined;
      then?.();
    }
    return frame;
  }

  /** What waits is dropped. */
  leave(): void {
    this.#frames = [];
    this.#onEmpty = undefined;
    this.#leave();
  }
}
