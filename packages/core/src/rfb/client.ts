import type {Duplex} from 'node:stream';
import {BoxyardError} from '../errors/index.ts';
import {asked} from './encodings.ts';
import {Framebuffer, type Rect} from './framebuffer.ts';
import {type ServerScreen, handshake} from './handshake.ts';
import {cutText, keyEvent, ourEncodings, ourFormat, pointerEvent, setDesktopSize, updateRequest} from './messages.ts';
import {Feed} from './reading.ts';
import {type Cursor, ServerMessages} from './server-messages.ts';

export interface RfbOptions {
  readonly password?: string | undefined;
  /** Ends the opening, and the session after it. */
  readonly signal: AbortSignal;
  /** What it may send its pixels in, the best first; the pseudo-encodings too. Without it: all that is known here. */
  readonly encodings?: readonly number[];
  /** How long the server may take to show its screen, in milliseconds. Without it: 10 s. */
  readonly openWithinMs?: number;
  /** After every update, with all that is new since the last call of {@link RfbClient.ask}. */
  readonly updated?: (changed: readonly Rect[]) => void;
  readonly resized?: (size: {readonly width: number; readonly height: number}) => void;
  readonly clipboard?: (text: string) => void;
  readonly bell?: () => void;
}

/** What the server does not take: it hangs, and keys that were typed a minute ago must not arrive now. */
const MOST_UNSENT = 2_097_152;

/** An update that was asked for and lost would stop the picture for ever. */
const ASK_AGAIN_MS = 2_000;

/**
 * A watcher of one screen over RFB 3.8, on any two-way stream. Order: `open`, then `ask` for each update that is wanted: at
 * most one is under way, so a slow watcher gets fewer pictures and never old ones. `framebuffer` is always the newest. What the
 * server sends is held to bounds; the first thing that cannot be ends the session with RFB_INVALID.
 */
export class RfbClient implements Disposable {
  readonly framebuffer = new Framebuffer();
  readonly screen: ServerScreen;
  cursor: Cursor | undefined;
  /** Whether the server lets its size be asked for. */
  mayResize = false;
  readonly #stream: Duplex;
  readonly #options: RfbOptions;
  readonly #ended = Promise.withResolvers<Error | undefined>();
  readonly #feed: Feed<never>;
  #asked: NodeJS.Timeout | undefined;
  #isOver = false;

  private constructor(stream: Duplex, screen: ServerScreen, options: RfbOptions) {
    this.#stream = stream;
    this.#options = options;
    this.screen = screen;
    this.framebuffer.resize(screen.width, screen.height);
    this.#feed = new Feed(
      new ServerMessages(this.framebuffer, {
        updated: changed => {
          clearTimeout(this.#asked);
          this.#asked = undefined;
          options.updated?.(changed);
        },
        resized: ({mayBeAsked, ...size}) => {
          this.mayResize = mayBeAsked;
          options.resized?.(size);
        },
        clipboard: text => options.clipboard?.(text),
        cursor: cursor => (this.cursor = cursor),
        bell: () => options.bell?.(),
      }).read(),
    );
  }

  /** The stream is the session's from now on, and is destroyed with it. Throws DISPLAY_DENIED, RFB_INVALID, DISPLAY_STUCK, or what ended the stream. */
  static async open(stream: Duplex, options: RfbOptions): Promise<RfbClient> {
    const feed = new Feed(handshake({password: options.password, send: bytes => void stream.write(bytes)}));
    const within = options.openWithinMs ?? 10_000;
    const deadline = AbortSignal.timeout(within);
    const screen = await new Promise<ServerScreen>((resolve, reject) => {
      const settle = (act: () => void) => {
        stream.off('data', onData).off('error', fail).off('close', onClose).off('end', onClose);
        options.signal.removeEventListener('abort', onAbort);
        deadline.removeEventListener('abort', onLate);
        act();
      };
      const fail = (error: unknown) =>
        settle(() => {
          stream.on('error', () => undefined).destroy();
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      const onClose = () => fail(new BoxyardError('RFB_INVALID', {issue: 'nothing more before it showed its screen'}));
      const onAbort = () => fail(options.signal.reason);
      const onLate = () => fail(new BoxyardError('DISPLAY_STUCK', {seconds: within / 1_000}));
      const onData = (bytes: Buffer) => {
        try {
          feed.take(bytes);
        } catch (error) {
          return fail(error);
        }
        const {result} = feed;
        if (result) settle(() => resolve(result.value));
      };
      stream.on('data', onData).on('error', fail).on('close', onClose).on('end', onClose);
      options.signal.addEventListener('abort', onAbort, {once: true});
      deadline.addEventListener('abort', onLate, {once: true});
      if (options.signal.aborted) onAbort();
    });
    const client = new RfbClient(stream, screen, options);
    client.#start(feed.rest());
    return client;
  }

  #start(rest: Buffer): void {
    this.#stream.on('data', this.#take).on('error', this.#end).on('close', this.#onClose).on('end', this.#onClose);
    this.#options.signal.addEventListener('abort', this.#onAbort, {once: true});
    this.#send(ourFormat());
    this.#send(ourEncodings(this.#options.encodings ?? asked));
    this.#take(rest);
  }

  /** Resolves once it is over: with nothing where we or the server closed it, with the error where something is wrong. */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  /** Asks for what is new since the last update; for all of it where `whole`. Asking again while one is under way does nothing. */
  ask(whole = false): void {
    if (this.#isOver || (this.#asked !== undefined && !whole)) return;
    const {width, height} = this.framebuffer;
    this.#send(updateRequest({x: 0, y: 0, width, height}, !whole));
    clearTimeout(this.#asked);
    this.#asked = setTimeout(() => {
      this.#asked = undefined;
      this.ask();
    }, ASK_AGAIN_MS);
  }

  key(keysym: number, isDown: boolean): void {
    this.#send(keyEvent(keysym, isDown));
  }

  /** A place outside the screen is moved to its edge. */
  pointer(x: number, y: number, buttons: number): void {
    const {width, height} = this.framebuffer;
    const held = (value: number, most: number) => Math.min(most - 1, Math.max(0, Math.round(value)));
    this.#send(pointerEvent(held(x, width), held(y, height), buttons));
  }

  paste(text: string): void {
    this.#send(cutText(text));
  }

  /** A wish: a server that grants it says its new size. */
  resize(width: number, height: number): void {
    if (this.mayResize) this.#send(setDesktopSize(width, height));
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #send(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#stream.write(bytes);
    if (this.#stream.writableLength > MOST_UNSENT) this.#end(new BoxyardError('DISPLAY_STUCK', {}));
  }

  readonly #take = (bytes: Buffer): void => {
    try {
      this.#feed.take(bytes);
    } catch (error) {
      this.#end(error as Error);
    }
  };

  readonly #onAbort = () => this.#end();
  readonly #onClose = () => this.#end();

  readonly #end = (error?: Error): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#asked);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#stream.off('data', this.#take).off('error', this.#end).off('close', this.#onClose).off('end', this.#onClose);
    this.#stream.on('error', () => undefined).destroy();
    this.#ended.resolve(error);
  };
}
