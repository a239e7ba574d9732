/** A queue with one reader. `pressed` is called with true when more than `most` waits in it, with false when it is empty again. */
export interface Channel<T> {
  push(item: T, size?: number): void;
  /** Ends the iteration after what is queued, with the error if one is given. */
  end(error?: unknown): void;
  readonly items: AsyncIterable<T>;
}

export interface ChannelOptions {
  readonly most: number;
  readonly pressed: (isFull: boolean) => void;
  /** The reader left before the end. */
  readonly left: () => void;
}

export function createChannel<T>({most, pressed, left}: ChannelOptions): Channel<T> {
  const queue: {item: T; size: number}[] = [];
  let size = 0;
  let isFull = false;
  let ended: {error: unknown} | undefined;
  let wake: (() => void) | undefined;
  const taken = (bytes: number) => {
    size -= bytes;
    if (!isFull || size > 0) return;
    isFull = false;
    pressed(false);
  };
  async function* read(): AsyncGenerator<T> {
    try {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) {
          taken(next.size);
          yield next.item;
        } else if (ended !== undefined) break;
        else await new Promise<void>(resolve => (wake = resolve));
      }
      if (ended.error !== undefined) throw ended.error;
    } finally {
      left();
    }
  }
  return {
    push(item, bytes = 0) {
      if (ended !== undefined) return;
      queue.push({item, size: bytes});
      size += bytes;
      if (!isFull && size > most) {
        isFull = true;
        pressed(true);
      }
      wake?.();
    },
    end(error) {
      ended ??= {error};
      wake?.();
    },
    items: {[Symbol.asyncIterator]: read},
  };
}
