import {encodings} from './encodings.ts';
import {MOST_CLIPBOARD, clientKinds, keyEvent, pointerEvent} from './messages.ts';
import {Feed, type Reading, notRfb} from './reading.ts';

/** A clipboard longer than this is left out: it would wait here for the credit of a whole window. */
const MOST_PASSED_CLIPBOARD = 65_536;
const MOST_ENCODINGS = 1_024;
const MOST_SCREENS = 64;
/** A keyboard has fewer keys than this: who holds more is not let to make us remember them. */
const MOST_HELD = 64;
const SKIPPED_AT_ONCE = 16_384;

/**
 * Encodings that change what a client may say later, in ways not known here: they are taken out, so that what a viewer says
 * can always be read (C20).
 */
const passes = (encoding: number): boolean => (encoding >= 0 ? encoding <= 255 : harmless.has(encoding) || isLevel(encoding));
const harmless: ReadonlySet<number> = new Set([
  encodings.desktopSize,
  encodings.lastRect,
  encodings.cursor,
  encodings.extendedDesktopSize,
  // XCursor, LED state, QEMU keys, name of the desktop, fence, continuous updates, cursor with alpha, extended clipboard.
  -240,
  -261,
  -258,
  -307,
  -312,
  -313,
  -314,
  -1_063_131_698,
]);
/** Quality and compression of Tight, coarse and fine, and its colours. */
const isLevel = (encoding: number): boolean =>
  (encoding >= -32 && encoding <= -23) || (encoding >= -256 && encoding <= -247) || (encoding >= -768 && encoding <= -412);

export interface ViewerRights {
  /** Asked of every message anew: whether this viewer's keys, pointer, clipboard and wishes for a size count now. */
  readonly mayControl: () => boolean;
  readonly pass: (bytes: Buffer) => void;
}

/**
 * What a viewer says to an RFB 3.8 server that asks for no password, message by message. Looking passes; what changes the
 * screen passes only while the viewer may; the screen is always shared. Throws RFB_INVALID at the first thing that is no
 * message: nothing behind it could be trusted to be what it seems.
 */
export class ViewerInput {
  readonly #rights: ViewerRights;
  readonly #feed: Feed<never>;
  readonly #keys = new Set<number>();
  #pointer: {x: number; y: number; buttons: number} | undefined;

  constructor(rights: ViewerRights) {
    this.#rights = rights;
    this.#feed = new Feed(this.#read());
  }

  take(bytes: Uint8Array): void {
    this.#feed.take(bytes);
  }

  /** Lets go of the keys and buttons it holds: somebody else controls from now on. */
  release(): void {
    for (const key of this.#keys) this.#rights.pass(keyEvent(key, false));
    this.#keys.clear();
    if (this.#pointer !== undefined && this.#pointer.buttons !== 0) this.#rights.pass(pointerEvent(this.#pointer.x, this.#pointer.y, 0));
    this.#pointer = undefined;
  }

  *#read(): Reading<never> {
    const version = Buffer.from(yield 12);
    const minor = /^RFB 003\.(\d{3})\n$/.exec(version.toString('latin1'))?.[1];
    if (minor === undefined) throw notRfb('no greeting of a VNC viewer');
    this.#rights.pass(version);
    // From 3.7 on a viewer chooses how it logs in; before, it is told.
    if (Number(minor) >= 7) this.#rights.pass(Buffer.from(yield 1));
    yield 1;
    // One that asked to be alone would throw the others out.
    this.#rights.pass(Buffer.from([1]));
    for (;;) yield* this.#message((yield 1).readUInt8());
  }

  *#message(kind: number): Reading<void> {
    switch (kind) {
      case clientKinds.setPixelFormat:
        return this.#rights.pass(withKind(kind, yield 19));
      case clientKinds.setEncodings:
        return yield* this.#encodings();
      case clientKinds.updateRequest:
      case CONTINUOUS_UPDATES:
        return this.#rights.pass(withKind(kind, yield 9));
      case clientKinds.key:
        return this.#key(withKind(kind, yield 7));
      case clientKinds.pointer:
        return this.#point(withKind(kind, yield 5));
      case clientKinds.cutText:
        return yield* this.#clipboard();
      case FENCE:
        return yield* this.#fence();
      case clientKinds.setDesktopSize:
        return yield* this.#resize();
      case QEMU:
        return this.#qemuKey(withKind(kind, yield 11));
      case XVP:
        // Shut down, reboot: not what a viewer is for.
        return void (yield 3);
      default:
        throw notRfb(`a message of kind ${kind}`);
    }
  }

  *#encodings(): Reading<void> {
    const count = (yield 3).readUInt16BE(1);
    if (count > MOST_ENCODINGS) throw notRfb(`${count} encodings`);
    const asked: number[] = [];
    for (let at = 0; at < count; at += 1) asked.push((yield 4).readInt32BE());
    const passed = asked.filter(passes);
    const message = Buffer.alloc(4 + passed.length * 4);
    message.writeUInt8(clientKinds.setEncodings);
    message.writeUInt16BE(passed.length, 2);
    passed.forEach((encoding, at) => message.writeInt32BE(encoding, 4 + at * 4));
    this.#rights.pass(message);
  }

  #key(message: Buffer): void {
    if (!this.#rights.mayControl()) return;
    this.#hold(message.readUInt32BE(4), message.readUInt8(1) !== 0);
    this.#rights.pass(message);
  }

  #qemuKey(message: Buffer): void {
    if (message.readUInt8(1) !== 0) throw notRfb('a message of QEMU that is no key');
    if (!this.#rights.mayControl()) return;
    this.#hold(message.readUInt32BE(4), message.readUInt16BE(2) !== 0);
    this.#rights.pass(message);
  }

  #hold(key: number, isDown: boolean): void {
    if (!isDown) this.#keys.delete(key);
    else if (this.#keys.size < MOST_HELD) this.#keys.add(key);
  }

  #point(message: Buffer): void {
    if (!this.#rights.mayControl()) return;
    this.#pointer = {buttons: message.readUInt8(1), x: message.readUInt16BE(2), y: message.readUInt16BE(4)};
    this.#rights.pass(message);
  }

  *#clipboard(): Reading<void> {
    const head = withKind(clientKinds.cutText, yield 7);
    // The extended clipboard says its length below zero.
    const length = Math.abs(head.readInt32BE(4));
    if (length > MOST_CLIPBOARD) throw notRfb(`a clipboard of ${length} bytes`);
    if (length > MOST_PASSED_CLIPBOARD || !this.#rights.mayControl()) return yield* skip(length);
    this.#rights.pass(Buffer.concat([head, yield length]));
  }

  *#fence(): Reading<void> {
    const head = withKind(FENCE, yield 8);
    const length = head.readUInt8(8);
    if (length > 64) throw notRfb(`a fence of ${length} bytes`);
    this.#rights.pass(length === 0 ? head : Buffer.concat([head, yield length]));
  }

  *#resize(): Reading<void> {
    const head = withKind(clientKinds.setDesktopSize, yield 7);
    const screens = head.readUInt8(6);
    if (screens > MOST_SCREENS) throw notRfb(`${screens} screens`);
    const rest = screens === 0 ? Buffer.alloc(0) : Buffer.from(yield screens * 16);
    if (this.#rights.mayControl()) this.#rights.pass(Buffer.concat([head, rest]));
  }
}

const CONTINUOUS_UPDATES = 150;
const FENCE = 248;
const XVP = 250;
const QEMU = 255;

const withKind = (kind: number, rest: Buffer): Buffer => Buffer.concat([Buffer.from([kind]), rest]);

function* skip(length: number): Reading<void> {
  for (let rest = length; rest > 0; rest -= SKIPPED_AT_ONCE) yield Math.min(rest, SKIPPED_AT_ONCE);
}
