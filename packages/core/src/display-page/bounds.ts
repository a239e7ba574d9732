import type RFB from '@novnc/novnc';

/** Longer ones end the look: noVNC would keep all of it first. The same as our own client takes. */
const MOST_CLIPBOARD = 1024 * 1024;
/** Of a compressed one, which may be a thousand times as long when it is unpacked. */
const MOST_COMPRESSED = 64 * 1024;
/** 7680 × 4320, as for our own client. */
const MOST_PIXELS = 33_177_600;

/** What of noVNC 1.7.0's insides is used here; a test with a hostile server fails where another version has no such thing. */
interface Insides {
  readonly _sock: {rQlen(): number; rQpeekBytes(length: number, copy: boolean): Uint8Array};
  _handleServerCutText(): boolean;
  _resize(width: number, height: number): void;
}

/** Lengths and sizes that a server says are looked at before noVNC makes room for them; what is too much is thrown. */
export function bound(rfb: RFB): void {
  const insides = rfb as unknown as Insides;
  const handle = insides._handleServerCutText.bind(rfb);
  const resize = insides._resize.bind(rfb);
  insides._handleServerCutText = () => {
    if (insides._sock.rQlen() >= 7) {
      const head = insides._sock.rQpeekBytes(7, true);
      const length = new DataView(head.buffer, head.byteOffset).getInt32(3);
      if (length > MOST_CLIPBOARD || -length > MOST_COMPRESSED) throw new Error(`a clipboard of ${Math.abs(length)} bytes`);
    }
    return handle();
  };
  insides._resize = (width, height) => {
    if (width * height > MOST_PIXELS) throw new Error(`a screen of ${width} × ${height}`);
    resize(width, height);
  };
}
