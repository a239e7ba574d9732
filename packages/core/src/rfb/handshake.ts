import {createCipheriv} from 'node:crypto';
import {BoxyardError} from '../errors/index.ts';
import {type Reading, notRfb, text, u16, u32, u8} from './reading.ts';

export interface ServerScreen {
  readonly width: number;
  readonly height: number;
  /** As the server says it: a foreign text, at most 256 bytes of it. */
  readonly name: string;
}

export interface HandshakeOptions {
  readonly password?: string | undefined;
  readonly send: (bytes: Uint8Array) => void;
}

const mirrored = (byte: number): number => Array.from({length: 8}, (_, at) => ((byte >> at) & 1) << (7 - at)).reduce((a, b) => a | b, 0);

/**
 * The answer to VncAuth's 16-byte challenge (RFC 6143, 7.2.2): the password's first 8 bytes are the key of DES, each with its
 * bits in reverse. Three times the same key makes triple DES the single one, which OpenSSL 3 has no more. It protects
 * nothing by itself: such a session stays inside our own connection.
 */
export function vncAnswer(password: string, challenge: Uint8Array): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, 'latin1')
    .subarray(0, 8)
    .map(mirrored)
    .forEach((byte, at) => (key[at] = byte));
  const cipher = createCipheriv('des-ede3', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

const NONE = 1;
const VNC_AUTH = 2;

/** The client's side of RFB 3.8, up to the server's screen. Throws DISPLAY_DENIED where the server refuses us, RFB_INVALID where it is none. */
export function* handshake({password, send}: HandshakeOptions): Reading<ServerScreen> {
  const version = /^RFB (\d{3})\.(\d{3})\n$/.exec((yield 12).toString('latin1'));
  if (version === null) throw notRfb('no greeting of a VNC server');
  const spoken = Number(version[1]) * 1_000 + Number(version[2]);
  if (spoken < 3_008) throw notRfb(`version ${Number(version[1])}.${Number(version[2])}, and 3.8 is needed`);
  send(Buffer.from('RFB 003.008\n'));
  yield* security(password, send);
  send(Buffer.from([1]));
  const width = yield* u16();
  const height = yield* u16();
  // Its own format of pixels: ours is asked for at once.
  yield 16;
  const name = yield* text(yield* u32(), 256, 'a name');
  return {width, height, name};
}

function* security(password: string | undefined, send: (bytes: Uint8Array) => void): Reading<void> {
  const count = yield* u8();
  if (count === 0) throw denied(yield* reason());
  const kinds = yield count;
  const kind = password !== undefined && kinds.includes(VNC_AUTH) ? VNC_AUTH : NONE;
  if (!kinds.includes(kind))
    throw denied(kinds.includes(VNC_AUTH) ? 'it wants a password' : 'it offers no way to log in that is known here');
  send(Buffer.from([kind]));
  if (kind === VNC_AUTH) send(vncAnswer(password!, yield 16));
  if ((yield* u32()) !== 0) throw denied(yield* reason());
}

function* reason(): Reading<string> {
  return yield* text(yield* u32(), 256, 'a reason');
}

const denied = (reason: string): BoxyardError => new BoxyardError('DISPLAY_DENIED', {reason});
