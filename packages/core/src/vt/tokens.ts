/**
 * A terminal's output cut where a terminal may be handed over: between two sequences, never within one.
 *
 * - `plain`: text and control characters other than ESC and BEL, in whole UTF-8 characters.
 * - `bell`: a BEL by itself; one that ends an OSC, or stands within another string, is part of that.
 * - `csi`: `marker` is one of `<=>?` or empty, `inner` the intermediates, `final` the last character.
 * - `osc`: `text` is what stands between introducer and terminator.
 * - `string`: a DCS, SOS, PM or APC; `introducer` is the character after ESC (`P`, `X`, `^`, `_`).
 * - `esc`: any other escape sequence.
 * - `broken`: one cut short by CAN, SUB or another ESC, or a piece of one longer than `MOST_HELD`.
 *
 * The grammar is that of ECMA-48 with xterm's habit of ending an OSC by BEL.
 */
export type VtToken =
  | {readonly is: 'plain' | 'bell' | 'esc' | 'broken'; readonly raw: Buffer}
  | {
      readonly is: 'csi';
      readonly raw: Buffer;
      readonly marker: string;
      readonly params: string;
      readonly inner: string;
      readonly final: string;
    }
  | {readonly is: 'osc'; readonly raw: Buffer; readonly text: string}
  | {readonly is: 'string'; readonly raw: Buffer; readonly introducer: string; readonly text: string};

/** A sequence longer than this, in bytes, is not held back any more: it comes in pieces. */
export const MOST_HELD = 64 * 1024;

type State =
  | 'ground'
  | 'c2'
  | 'esc'
  | 'inner'
  | 'csi'
  | 'osc'
  | 'string'
  | 'skip'
  | 'osc-esc'
  | 'string-esc'
  | 'skip-esc'
  | 'osc-c2'
  | 'string-c2'
  | 'skip-c2';
type Make = (raw: Buffer) => VtToken;

const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const ESC = 0x1b;

/** Feeds on bytes in any cut; every cut gives the same tokens, but that `plain` comes in more or fewer parts. Loses no byte. */
export class VtTokens {
  #state: State = 'ground';
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #tokens: VtToken[] = [];

  /** Bytes taken that are in no token yet. */
  get pending(): number {
    return this.#bytes.length;
  }

  push(chunk: Uint8Array): VtToken[] {
    const held = this.#bytes.length;
    this.#bytes = held === 0 ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
    this.#start = 0;
    this.#tokens = [];
    const bytes = this.#bytes;
    for (let at = held; at < bytes.length; at += 1) {
      // Most of what a program writes is text: it is passed over without a look at the state for each byte.
      if (this.#state === 'ground') at = specialFrom(bytes, at);
      if (at < bytes.length) this.#take(bytes[at]!, at);
    }
    if (this.#state === 'ground') this.#cut(wholeUntil(this.#bytes, this.#start), plain);
    else if (this.#state !== 'c2' && this.#bytes.length - this.#start > MOST_HELD) this.#giveUp();
    this.#bytes = this.#bytes.subarray(this.#start);
    return this.#tokens;
  }

  #take(byte: number, at: number): void {
    switch (this.#state) {
      case 'ground':
        return this.#ground(byte, at);
      case 'c2':
        return this.#control(byte, at);
      case 'esc':
      case 'inner':
      case 'csi':
        return this.#sequence(byte, at);
      case 'osc-esc':
      case 'string-esc':
      case 'skip-esc':
        return this.#afterEscape(byte, at);
      case 'osc-c2':
      case 'string-c2':
      case 'skip-c2':
        this.#state = this.#state.slice(0, -3) as State;
        if (byte === 0x9c) return this.#finish(at + 1);
        return this.#text(byte, at);
      default:
        return this.#text(byte, at);
    }
  }

  #ground(byte: number, at: number): void {
    if (byte === ESC) this.#begin('esc', at);
    else if (byte === BEL) {
      this.#cut(at, plain);
      this.#cut(at + 1, raw => ({is: 'bell', raw}));
    } else if (byte === 0xc2) this.#state = 'c2';
  }

  /** Second byte of a two-byte character: those from U+0080 to U+009F are the eight-bit forms of sequences. */
  #control(byte: number, at: number): void {
    this.#state = 'ground';
    const state = introduced(byte - 0x40);
    if (byte < 0x80 || byte > 0x9f) return this.#ground(byte, at);
    if (state !== undefined) return this.#begin(state, at - 1);
    this.#cut(at - 1, plain);
    this.#cut(at + 1, esc);
  }

  #sequence(byte: number, at: number): void {
    if (byte === ESC) return this.#begin('esc', at);
    if (byte === CAN || byte === SUB) return this.#end(at + 1, broken);
    if (this.#state === 'csi') {
      if (byte >= 0x40 && byte <= 0x7e) this.#end(at + 1, csi);
      return;
    }
    const state = this.#state === 'esc' ? introduced(byte) : undefined;
    if (state !== undefined) this.#state = state;
    else if (byte >= 0x20 && byte <= 0x2f) this.#state = 'inner';
    else if (byte >= 0x30 && byte <= 0x7e) this.#end(at + 1, esc);
    else if (byte >= 0x80) this.#end(at, broken);
  }

  #text(byte: number, at: number): void {
    if (byte === ESC) this.#state = `${this.#state as 'osc' | 'string' | 'skip'}-esc`;
    else if (byte === CAN || byte === SUB) this.#end(at + 1, broken);
    else if (byte === BEL && this.#state !== 'string') this.#finish(at + 1);
    else if (byte === 0xc2) this.#state = `${this.#state as 'osc' | 'string' | 'skip'}-c2`;
  }

  #afterEscape(byte: number, at: number): void {
    this.#state = this.#state.slice(0, -4) as State;
    if (byte === 0x5c) return this.#finish(at + 1);
    this.#begin('esc', at - 1);
    this.#sequence(byte, at);
  }

  #finish(end: number): void {
    this.#end(end, this.#state === 'osc' ? osc : this.#state === 'string' ? string : broken);
  }

  /** What came before belongs to no complete sequence, or is plain. */
  #begin(state: State, at: number): void {
    this.#cut(at, this.#state === 'ground' ? plain : broken);
    this.#state = state;
  }

  #end(end: number, make: Make): void {
    this.#cut(end, make);
    this.#state = 'ground';
  }

  #giveUp(): void {
    const isString = !['esc', 'inner', 'csi'].includes(this.#state);
    // The piece ends before an ESC whose meaning is not known yet.
    const isWaiting = this.#state.endsWith('-esc') || this.#state.endsWith('-c2');
    this.#cut(this.#bytes.length - (isWaiting ? 1 : 0), broken);
    if (isString) this.#state = `skip${isWaiting ? this.#state.slice(this.#state.indexOf('-')) : ''}` as State;
  }

  #cut(end: number, make: Make): void {
    if (end <= this.#start) return;
    this.#tokens.push(make(this.#bytes.subarray(this.#start, end)));
    this.#start = end;
  }
}

const introduced = (byte: number): State | undefined => {
  if (byte === 0x5b) return 'csi';
  if (byte === 0x5d) return 'osc';
  return byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f ? 'string' : undefined;
};

const plain: Make = raw => ({is: 'plain', raw});
const esc: Make = raw => ({is: 'esc', raw});
const broken: Make = raw => ({is: 'broken', raw});

const csi: Make = raw => {
  const first = raw[2]!;
  const from = first >= 0x3c && first <= 0x3f ? 3 : 2;
  let to = from;
  while (raw[to]! >= 0x30 && raw[to]! <= 0x3f) to += 1;
  const end = raw.length - 1;
  return {
    is: 'csi',
    raw,
    marker: from === 3 ? String.fromCharCode(first) : '',
    params: raw.toString('latin1', from, to),
    inner: to === end ? '' : raw.toString('latin1', to, end),
    final: String.fromCharCode(raw[end]!),
  };
};

/** The next byte that is not simply text. */
const specialFrom = (bytes: Buffer, from: number): number => {
  let at = from;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (byte === ESC || byte === BEL || byte === 0xc2) return at;
  }
  return at;
};

/** Both introducers are two bytes long: ESC and a letter, or one eight-bit control in UTF-8. */
const inside = (raw: Buffer): Buffer => raw.subarray(2, raw.at(-1) === BEL ? -1 : -2);
const osc: Make = raw => ({is: 'osc', raw, text: inside(raw).toString('utf8')});
const string: Make = raw => ({
  is: 'string',
  raw,
  introducer: String.fromCharCode(raw[0] === ESC ? raw[1]! : raw[1]! - 0x40),
  text: raw.subarray(2, -2).toString('utf8'),
});

/** Where the last whole UTF-8 character ends. Bytes that are no UTF-8 count as characters of their own. */
const wholeUntil = (bytes: Buffer, start: number): number => {
  for (let back = 1; back <= 3 && bytes.length - back >= start; back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return back < size ? bytes.length - back : bytes.length;
  }
  return bytes.length;
};
