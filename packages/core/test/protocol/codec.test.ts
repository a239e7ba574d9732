import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {MAX_CONTROL_BYTES, agreeOnVersion, decode, decodeData, encodeData, fromAgent} from '../../src/protocol/index.ts';

describe('decoding a control frame', () => {
  it('ignores the message of a newer peer', () => {
    expect(decode(fromAgent, '{"type":"worker.teleported","to":"mars"}')).toEqual({kind: 'unknown', type: 'worker.teleported'});
  });

  it('drops a field it does not know', () => {
    expect(decode(fromAgent, '{"type":"pong","id":1,"mood":"good"}')).toEqual({kind: 'message', message: {type: 'pong', id: 1}});
  });

  it.each(['', 'x', 'null', '[]', '{}', '{"type":7}', '{"type":"pong"}', '{"type":"pong","id":"1"}', '{"type":"__proto__"}'])(
    'calls %s malformed or unknown and never throws',
    text => {
      expect(decode(fromAgent, text).kind).not.toBe('message');
    },
  );

  it('refuses a frame over the limit before parsing it', () => {
    expect(decode(fromAgent, `{"type":"pong","id":1,"x":"${'x'.repeat(MAX_CONTROL_BYTES)}"}`).kind).toBe('malformed');
  });

  it('never throws, whatever arrives', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => typeof decode(fromAgent, text).kind === 'string'));
  });
});

describe('a data frame', () => {
  it('comes back as it was sent', () => {
    const frame = fc.record({
      stream: fc.nat(0xffff_ffff),
      offset: fc.nat({max: Number.MAX_SAFE_INTEGER}),
      bytes: fc.uint8Array({maxLength: 300}),
    });
    fc.assert(
      fc.property(frame, sent => {
        const got = decodeData(encodeData(sent));
        expect(got && {...got, bytes: new Uint8Array(got.bytes)}).toEqual(sent);
      }),
    );
  });

  it.each([0, 1, 12])('of %i bytes is ignored', length => {
    expect(decodeData(Buffer.alloc(length, 1))).toBeUndefined();
  });
});

describe('agreeing on a version', () => {
  it('takes the newest that both speak, and both sides compute the same', () => {
    const range = fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => ({oldest: Math.min(a, b), newest: Math.max(a, b)}));
    fc.assert(
      fc.property(range, range, (one, other) => {
        const agreed = agreeOnVersion(one, other);
        expect(agreeOnVersion(other, one)).toBe(agreed);
        const both = (version: number) =>
          version >= one.oldest && version <= one.newest && version >= other.oldest && version <= other.newest;
        if (agreed === undefined) expect(Array.from({length: 21}, (_, v) => v).some(both)).toBe(false);
        else expect([both(agreed), both(agreed + 1)]).toEqual([true, false]);
      }),
    );
  });
});
