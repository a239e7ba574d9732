import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ViewerInput} from '../../src/rfb/index.ts';
import {cutText, keyEvent, ourEncodings, ourFormat, pointerEvent, setDesktopSize, updateRequest} from '../../src/rfb/messages.ts';

/** What a viewer says first: its version, that it needs no password, that it wants the screen alone. */
const greeting = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 0])]);
const greeted = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])]);
const rect = {x: 0, y: 0, width: 9, height: 9};
const looking = [ourFormat(), ourEncodings([0, 7, -223]), updateRequest(rect, true)];
const acting = [keyEvent(0x61, true), pointerEvent(3, 4, 1), cutText('secret'), setDesktopSize(100, 100)];
const qemuKey = Buffer.concat([Buffer.from([255, 0, 0, 1]), Buffer.from([0, 0, 0, 0x61]), Buffer.alloc(4)]);

function viewer(mayControl = true) {
  const passed: Buffer[] = [];
  const rights = {mayControl: () => state.mayControl, pass: (bytes: Buffer) => void passed.push(bytes)};
  const state = {mayControl};
  const input = new ViewerInput(rights);
  return {state, input, all: () => Buffer.concat(passed)};
}

test('one who may control says all of it, and shares the screen whatever it asked for', () => {
  const {input, all} = viewer();
  for (const part of [greeting, ...looking, ...acting, qemuKey]) input.take(part);
  expect(all()).toEqual(Buffer.concat([greeted, ...looking, ...acting, qemuKey]));
});

test('of one who only looks no key, pointer, clipboard or size arrives, however it is cut into pieces', () => {
  const said = Buffer.concat([greeting, ...looking, ...acting, qemuKey, cutText('x'.repeat(100_000)), ...acting, ...looking]);
  fc.assert(
    fc.property(fc.array(fc.integer({min: 1, max: 400}), {maxLength: 60}), sizes => {
      const {input, all} = viewer(false);
      let at = 0;
      for (const size of sizes) input.take(said.subarray(at, (at += size)));
      input.take(said.subarray(at));
      return all().equals(Buffer.concat([greeted, ...looking, ...looking]));
    }),
    {numRuns: 50},
  );
});

test('the right is asked for with every message', () => {
  const {state, input, all} = viewer();
  input.take(greeting);
  const [key] = acting as [Buffer];
  input.take(key);
  state.mayControl = false;
  input.take(key);
  state.mayControl = true;
  input.take(key);
  expect(all()).toEqual(Buffer.concat([greeted, key, key]));
});

test('who loses control lets go of the keys and buttons it holds, once', () => {
  const {input, all} = viewer();
  input.take(greeting);
  for (const part of [keyEvent(0xffe3, true), keyEvent(0x61, true), keyEvent(0x61, false), pointerEvent(5, 6, 1)]) input.take(part);
  const before = all().length;
  input.release();
  input.release();
  expect(all().subarray(before)).toEqual(Buffer.concat([keyEvent(0xffe3, false), pointerEvent(5, 6, 0)]));
});

test('encodings that would change what a viewer may say are taken out', () => {
  const {input, all} = viewer();
  input.take(greeting);
  // Extended mouse buttons, GII, VMware's, and one that is known.
  input.take(ourEncodings([16, -316, -305, 0x574d_5664, -308]));
  expect(all().subarray(greeted.length)).toEqual(ourEncodings([16, -308]));
});

test('a viewer of an old version is not asked how it logs in', () => {
  const {input, all} = viewer();
  input.take(Buffer.concat([Buffer.from('RFB 003.003\n'), Buffer.from([0]), keyEvent(0x61, true)]));
  expect(all()).toEqual(Buffer.concat([Buffer.from('RFB 003.003\n'), Buffer.from([1]), keyEvent(0x61, true)]));
});

test('a clipboard too long to be passed on is left out, and what follows it is not', () => {
  const {input, all} = viewer();
  input.take(greeting);
  input.take(cutText('x'.repeat(70_000)));
  input.take(keyEvent(0x61, true));
  expect(all()).toEqual(Buffer.concat([greeted, keyEvent(0x61, true)]));
});

describe('a viewer that is none, or hostile, is cut off', () => {
  const length = (kind: number, at: number, bytes: number) => {
    const head = Buffer.alloc(at + 4);
    head.writeUInt8(kind);
    head.writeUInt32BE(bytes, at);
    return head;
  };
  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'no greeting'],
    ['a message of no kind', Buffer.concat([greeting, Buffer.from([99])]), 'kind 99'],
    ['a clipboard of 100 MB', Buffer.concat([greeting, length(6, 4, 100_000_000)]), 'a clipboard of 100000000'],
    ['65535 encodings', Buffer.concat([greeting, Buffer.from([2, 0, 255, 255])]), '65535 encodings'],
    ['255 screens', Buffer.concat([greeting, Buffer.from([251, 0, 0, 1, 0, 1, 255, 0])]), '255 screens'],
    ['a fence of 200 bytes', Buffer.concat([greeting, Buffer.from([248, 0, 0, 0, 0, 0, 0, 0, 200])]), 'a fence of 200'],
    ['sound of QEMU', Buffer.concat([greeting, Buffer.from([255, 1]), Buffer.alloc(10)]), 'QEMU'],
  ])('%s', (_what, said, issue) => {
    const {input} = viewer();
    expect(() => input.take(said)).toThrow(issue);
  });

  test('whatever it says, it is read or it is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 600}), bytes => {
        const {input, all} = viewer(false);
        input.take(greeting);
        try {
          input.take(bytes);
        } catch (error) {
          expect(error).toMatchObject({code: 'RFB_INVALID'});
        }
        // Whatever passed is a looker's: pixel format, encodings, requests, fences.
        expect(all().length).toBeLessThanOrEqual(greeted.length + bytes.length);
      }),
    );
  });
});
