import {EventEmitter} from 'node:events';
import {Readable} from 'node:stream';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal to Ink: whatever it writes goes to `onWrite`, whole and in order. */
export function inkStream(size: () => Size, onWrite: (text: string) => void): NodeJS.WriteStream {
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    writable: true,
    destroyed: false,
    writableEnded: false,
    getColorDepth: () => 24,
    hasColors: () => true,
    getWindowSize: () => [size().columns, size().rows],
    write(chunk: string | Uint8Array, ...rest: readonly unknown[]) {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      if (text !== '') onWrite(text);
      const done = rest.at(-1);
      if (typeof done === 'function') process.nextTick(done as () => void);
      return true;
    },
  });
  Object.defineProperties(stream, {columns: {get: () => size().columns}, rows: {get: () => size().rows}});
  // One listener for each component that wants to know the size.
  stream.setMaxListeners(0);
  return stream as unknown as NodeJS.WriteStream;
}

/** A keyboard nobody types on, for Ink: `TtyIn` reads the real one. */
export function idleStdin(): NodeJS.ReadStream {
  const nothing = new Readable({read: () => undefined});
  const ignore = () => stdin;
  const stdin = Object.assign(nothing, {isTTY: true, setRawMode: ignore, ref: ignore, unref: ignore}) as unknown as NodeJS.ReadStream;
  return stdin;
}
