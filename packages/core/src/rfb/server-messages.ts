import {decodeCopyRect, decodeHextile, decodeRaw} from './decode-plain.ts';
import {TightStreams, decodeTight} from './decode-tight.ts';
import {decodeZrle} from './decode-zrle.ts';
import {encodings} from './encodings.ts';
import type {Framebuffer, Rect} from './framebuffer.ts';
import {Inflating} from './inflating.ts';
import {MOST_CLIPBOARD} from './messages.ts';
import {type Reading, notRfb, u16, u32, u8} from './reading.ts';

/** The pointer as the server draws it: pixels like a framebuffer's, one byte a pixel that is 1 where it is drawn. */
export interface Cursor {
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly pixels: Uint32Array;
  readonly mask: Uint8Array;
}

export interface Heard {
  /** One whole update: what of the screen is new. A change of size comes before it. */
  updated(changed: readonly Rect[]): void;
  resized(size: {readonly width: number; readonly height: number; readonly mayBeAsked: boolean}): void;
  /** A foreign text. */
  clipboard(text: string): void;
  cursor(cursor: Cursor): void;
  bell(): void;
}

/** No pointer is larger, in either direction. */
const MOST_CURSOR = 512;

/** What a server says after the handshake (RFC 6143, 7.6), for ever. Throws RFB_INVALID on the first thing that cannot be. */
export class ServerMessages {
  readonly #screen: Framebuffer;
  readonly #heard: Heard;
  readonly #zrle = new Inflating();
  readonly #tight = new TightStreams();

  constructor(screen: Framebuffer, heard: Heard) {
    this.#screen = screen;
    this.#heard = heard;
  }

  *read(): Reading<never> {
    for (;;) {
      const kind = yield* u8();
      if (kind === 0) yield* this.#update();
      else if (kind === 1) yield* colours();
      else if (kind === 2) this.#heard.bell();
      else if (kind === 3) yield* this.#cutText();
      else throw notRfb(`a message of kind ${kind}`);
    }
  }

  *#update(): Reading<void> {
    yield 1;
    const count = yield* u16();
    const changed: Rect[] = [];
    for (let at = 0; at < count; at += 1) {
      const rect = {x: yield* u16(), y: yield* u16(), width: yield* u16(), height: yield* u16()};
      const encoding = (yield 4).readInt32BE();
      // 65,535 is what a server says that will tell with LastRect.
      if (encoding === encodings.lastRect) break;
      if (yield* this.#pseudo(encoding, rect)) continue;
      this.#screen.check(rect);
      yield* this.#draw(encoding, rect);
      changed.push(rect);
    }
    this.#heard.updated(changed);
  }

  *#pseudo(encoding: number, rect: Rect): Reading<boolean> {
    if (encoding === encodings.desktopSize) this.#resize(rect, false);
    else if (encoding === encodings.extendedDesktopSize) {
      const screens = yield* u8();
      yield 3 + screens * 16;
      // What was refused keeps the size it has.
      if (rect.x !== 1 || rect.y === 0) this.#resize(rect, true);
    } else if (encoding === encodings.cursor) yield* this.#cursor(rect);
    else return false;
    return true;
  }

  #resize({width, height}: Rect, mayBeAsked: boolean): void {
    this.#screen.resize(width, height);
    this.#heard.resized({width, height, mayBeAsked});
  }

  *#draw(encoding: number, rect: Rect): Reading<void> {
    if (encoding === encodings.raw) yield* decodeRaw(this.#screen, rect);
    else if (encoding === encodings.copyRect) yield* decodeCopyRect(this.#screen, rect);
    else if (encoding === encodings.hextile) yield* decodeHextile(this.#screen, rect);
    else if (encoding === encodings.zrle) yield* decodeZrle(this.#screen, rect, this.#zrle);
    else if (encoding === encodings.tight) yield* decodeTight(this.#screen, rect, this.#tight);
    else throw notRfb(`an encoding ${encoding} that nobody asked for`);
  }

  *#cursor({x: hotX, y: hotY, width, height}: Rect): Reading<void> {
    if (width > MOST_CURSOR || height > MOST_CURSOR) throw notRfb(`a pointer of ${width} × ${height}`);
    const rowBytes = Math.ceil(width / 8);
    const colours = yield width * height * 4;
    const pixels = Uint32Array.from({length: width * height}, (_, at) => colours.readUInt32LE(at * 4) & 0xffffff);
    const bits = yield rowBytes * height;
    const drawn = (at: number) => (bits[Math.floor(at / width) * rowBytes + ((at % width) >> 3)]! >> (7 - ((at % width) & 7))) & 1;
    this.#heard.cursor({width, height, hotX, hotY, pixels, mask: Uint8Array.from({length: width * height}, (_, at) => drawn(at))});
  }

  *#cutText(): Reading<void> {
    yield 3;
    const length = yield* u32();
    if (length > MOST_CLIPBOARD) throw notRfb(`a clipboard of ${length} bytes`);
    this.#heard.clipboard((yield length).toString('latin1'));
  }
}

/** Of no meaning with true colours, but it may come. */
function* colours(): Reading<void> {
  yield 3;
  const count = yield* u16();
  for (let at = 0; at < count; at += 1) yield 6;
}
