import {duplexPair, type Duplex} from 'node:stream';
import {deflateSync} from 'node:zlib';
import fc from 'fast-check';
import {expect, describe, test} from 'vitest';
import {Feed, Framebuffer, RfbClient, encodings} from '../../src/rfb/index.ts';
import {ServerMessages} from '../../src/rfb/server-messages.ts';

const u16 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => bytes.writeUInt16BE(value, at * 2));
  return bytes;
};
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const i32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const update = (encoding: number, rect: readonly number[], ...contents: readonly Uint8Array[]) =>
  Buffer.concat([Buffer.from([0, 0]), u16(1), u16(...rect), i32(encoding), ...contents]);
const zlib = (bytes: Uint8Array) => {
  const packed = deflateSync(bytes);
  return Buffer.concat([u32(packed.length), packed]);
};

function reader(size: readonly [number, number] = [64, 64]) {
  const screen = new Framebuffer();
  screen.resize(...size);
  const nothing = () => undefined;
  const clipboards: string[] = [];
  const heard = {updated: nothing, resized: nothing, clipboard: (text: string) => clipboards.push(text), cursor: nothing, bell: nothing};
  return {screen, clipboards, feed: new Feed(new ServerMessages(screen, heard).read())};
}

describe('a server that is none, or hostile, ends its session at once', () => {
  test.each([
    ['a rectangle outside the screen', update(encodings.raw, [60, 0, 5, 1]), 'outside a screen'],
    ['a copy from outside the screen', update(encodings.copyRect, [0, 0, 8, 8], u16(60, 60)), 'outside a screen'],
    ['a screen of four thousand million pixels', update(encodings.desktopSize, [0, 0, 65_535, 65_535]), 'a screen of'],
    ['a screen of nothing', update(encodings.desktopSize, [0, 0, 0, 10]), 'a screen of'],
    ['an encoding that nobody asked for', update(21, [0, 0, 1, 1]), 'encoding 21'],
    ['JPEG in Tight', update(encodings.tight, [0, 0, 1, 1], Buffer.from([0x90])), 'kind 9'],
    ['a ZRLE tile of no kind', update(encodings.zrle, [0, 0, 4, 4], zlib(Buffer.from([17]))), 'kind 17'],
    ['a run that leaves its tile', update(encodings.zrle, [0, 0, 4, 4], zlib(Buffer.from([128, 1, 2, 3, 255, 255, 9]))), 'leaves its tile'],
    ['a colour outside the palette', update(encodings.zrle, [0, 0, 4, 4], zlib(Buffer.from([130, 1, 2, 3, 4, 5, 6, 100]))), 'colour 100'],
    ['a rectangle that ends too early', update(encodings.zrle, [0, 0, 4, 4], zlib(Buffer.from([0, 1]))), 'ends too early'],
    ['a zip bomb', update(encodings.zrle, [0, 0, 4, 4], zlib(Buffer.alloc(1_000_000))), 'more than'],
    ['compressed bytes of another size', update(encodings.zrle, [0, 0, 4, 4], u32(0xffffffff)), '4294967295 bytes'],
    ['compressed bytes that are none', update(encodings.zrle, [0, 0, 4, 4], u32(16), Buffer.from('nope'.repeat(4))), 'compressed'],
    [
      'a subrectangle outside the screen',
      update(encodings.hextile, [56, 56, 8, 8], Buffer.from([10, 0, 0, 0, 0, 1, 0xff, 0xff])),
      'outside a screen',
    ],
    ['a pointer as large as a house', update(encodings.cursor, [0, 0, 5_000, 5_000]), 'a pointer of'],
    ['a clipboard of 100 MB', Buffer.concat([Buffer.from([3, 0, 0, 0]), u32(100_000_000)]), 'a clipboard of 100000000'],
    ['a message of no kind', Buffer.from([77]), 'kind 77'],
  ])('%s', (_, bytes, said) => {
    const {feed} = reader();
    expect(() => feed.take(bytes)).toThrow(expect.objectContaining({code: 'RFB_INVALID', message: expect.stringContaining(said)}));
  });

  test('whatever bytes come, in whatever pieces, they are an error or wait for more, and no pixel is written outside the screen', () => {
    const kinds = fc.constantFrom(0, 5, 7, 16, -239, -223, -308, 1);
    const rects = fc.tuple(fc.nat(70), fc.nat(70), fc.nat(70), fc.nat(70));
    const messages = fc.oneof(
      fc.uint8Array({maxLength: 400}),
      fc.tuple(kinds, rects, fc.uint8Array({maxLength: 300})).map(([kind, rect, bytes]) => update(kind, rect, bytes)),
      fc.tuple(rects, fc.uint8Array({maxLength: 300})).map(([rect, bytes]) => update(16, rect, zlib(bytes))),
    );
    fc.assert(
      fc.property(fc.array(messages, {maxLength: 5}), fc.integer({min: 1, max: 50}), (parts, piece) => {
        const {feed, screen} = reader();
        const all = Buffer.concat(parts);
        try {
          for (let at = 0; at < all.length; at += piece) feed.take(all.subarray(at, at + piece));
        } catch (error) {
          expect(error).toMatchObject({code: 'RFB_INVALID'});
        }
        expect(screen.pixels.length).toBe(screen.width * screen.height);
      }),
      {numRuns: 500},
    );
  });

  test('a clipboard within bounds is told as it is, also where it is no text', () => {
    const {feed, clipboards} = reader();
    feed.take(Buffer.concat([Buffer.from([3, 0, 0, 0]), u32(3), Buffer.from([0x1b, 0xe9, 0x00])]));
    expect(clipboards).toEqual(['\u001b\u00e9\u0000']);
  });
});

describe('opening', () => {
  const open = (greeting: Uint8Array, options: {openWithinMs?: number} = {}): {opened: Promise<RfbClient>; server: Duplex} => {
    const [mine, theirs] = duplexPair();
    theirs.write(greeting);
    theirs.on('error', () => undefined).resume();
    return {opened: RfbClient.open(mine, {signal: AbortSignal.timeout(20_000), ...options}), server: theirs};
  };

  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'RFB_INVALID', 'no greeting'],
    ['an old version', 'RFB 003.003\n', 'RFB_INVALID', 'version 3.3'],
    ['a refusal', 'RFB 003.008\n\0\0\0\0\x08too many', 'DISPLAY_DENIED', 'too many'],
    ['a name of 100 MB', `RFB 003.008\n\x01\x01\0\0\0\0\0\x40\0\x30${'\0'.repeat(16)}\x05\xf5\xe1\0<img`, 'RFB_INVALID', '100000000'],
    ['a login nobody knows', 'RFB 003.008\n\x01\x13', 'DISPLAY_DENIED', 'no way to log in'],
  ])('meets %s with a reason', async (_, greeting, code, said) => {
    await expect(open(Buffer.from(greeting, 'latin1')).opened).rejects.toMatchObject({code, message: expect.stringContaining(said)});
  });

  test('ends after its time where the server says nothing, and at once where it goes', async () => {
    await expect(open(Buffer.alloc(0), {openWithinMs: 50}).opened).rejects.toMatchObject({code: 'DISPLAY_STUCK'});
    const {opened, server} = open(Buffer.from('RFB 003'));
    server.destroy();
    await expect(opened).rejects.toMatchObject({code: 'RFB_INVALID'});
  });
});
