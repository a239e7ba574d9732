import {BoxyardError} from '../errors/index.ts';
import type {Rect} from './framebuffer.ts';

/** What a client says (RFC 6143, 7.5). */
export const clientKinds = {
  setPixelFormat: 0,
  setEncodings: 2,
  updateRequest: 3,
  key: 4,
  pointer: 5,
  cutText: 6,
  setDesktopSize: 251,
} as const;

/** The longest text that is given to or taken from a clipboard, in bytes. */
export const MOST_CLIPBOARD = 1_048_576;

/** 32 bits a pixel, red first in memory: {@link Framebuffer}'s own. */
export function ourFormat(): Buffer {
  const message = Buffer.alloc(20);
  message.set([clientKinds.setPixelFormat, 0, 0, 0, 32, 24, 0, 1]);
  for (const at of [8, 10, 12]) message.writeUInt16BE(255, at);
  message.set([0, 8, 16], 14);
  return message;
}

export function ourEncodings(asked: readonly number[]): Buffer {
  const message = Buffer.alloc(4 + asked.length * 4);
  message.writeUInt8(clientKinds.setEncodings);
  message.writeUInt16BE(asked.length, 2);
  asked.forEach((encoding, at) => message.writeInt32BE(encoding, 4 + at * 4));
  return message;
}

export function updateRequest({x, y, width, height}: Rect, isIncremental: boolean): Buffer {
  const message = Buffer.alloc(10);
  message.set([clientKinds.updateRequest, isIncremental ? 1 : 0]);
  [x, y, width, height].forEach((value, at) => message.writeUInt16BE(value, 2 + at * 2));
  return message;
}

/** `keysym` as X has them. */
export function keyEvent(keysym: number, isDown: boolean): Buffer {
  const message = Buffer.alloc(8);
  message.set([clientKinds.key, isDown ? 1 : 0]);
  message.writeUInt32BE(keysym, 4);
  return message;
}

/** Bit 0 of `buttons` is the left button, 1 the middle, 2 the right; 3 and 4 are the wheel up and down. */
export function pointerEvent(x: number, y: number, buttons: number): Buffer {
  const message = Buffer.alloc(6);
  message.set([clientKinds.pointer, buttons & 255]);
  message.writeUInt16BE(x, 2);
  message.writeUInt16BE(y, 4);
  return message;
}

/** RFB's clipboard is Latin-1: what is not in it becomes `?`. */
export function cutText(text: string): Buffer {
  const bytes = Buffer.from(text.replace(/\r\n?/g, '\n').replace(/[^\u0000-\u00ff]/g, '?'), 'latin1');
  if (bytes.length > MOST_CLIPBOARD) throw new BoxyardError('INVALID_INPUT', {field: 'The clipboard', issue: 'at most 1 MiB'});
  const head = Buffer.alloc(8);
  head.writeUInt8(clientKinds.cutText);
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

/** One screen over all of it. */
export function setDesktopSize(width: number, height: number): Buffer {
  const message = Buffer.alloc(24);
  message.writeUInt8(clientKinds.setDesktopSize);
  message.writeUInt16BE(width, 2);
  message.writeUInt16BE(height, 4);
  message.writeUInt8(1, 6);
  message.writeUInt16BE(width, 16);
  message.writeUInt16BE(height, 18);
  return message;
}
