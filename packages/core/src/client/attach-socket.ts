import type {z} from 'zod';
import type {attachFromServer} from '../api/index.ts';
import type {OutputName} from '../protocol/index.ts';
import type {Link} from './link.ts';
import {openSocket, type Socket} from './socket.ts';

type Message = z.infer<typeof attachFromServer>;

/** One open connection of an attach. */
export interface AttachSocket extends Pick<Socket, 'closed' | 'pause' | 'fail' | 'close'> {
  sendStdin(offset: number, bytes: Uint8Array): void;
  sendEof(length: number): void;
}

export interface AttachHandlers {
  message(message: Message, socket: AttachSocket): void;
  bytes(stream: OutputName, offset: number, bytes: Uint8Array): void;
}

const HEADER = 9;
const names: readonly (OutputName | undefined)[] = [undefined, 'stdout', 'stderr', 'log'];

/** Rejects as `openSocket`. */
export async function openAttachSocket(link: Link, path: string, handlers: AttachHandlers): Promise<AttachSocket> {
  const attached = new Map<Socket, AttachSocket>();
  const of = (socket: Socket): AttachSocket => {
    const known = attached.get(socket) ?? attachSocket(socket);
    attached.set(socket, known);
    return known;
  };
  const opened = await openSocket(link, path, {
    text: (text, socket) => handlers.message(JSON.parse(text) as Message, of(socket)),
    bytes: frame => {
      const name = frame.length < HEADER ? undefined : names[frame.readUInt8(0)];
      if (name !== undefined) handlers.bytes(name, Number(frame.readBigUInt64BE(1)), frame.subarray(HEADER));
    },
  });
  return of(opened);
}

const attachSocket = (socket: Socket): AttachSocket => ({
  closed: socket.closed,
  pause: socket.pause,
  fail: socket.fail,
  close: socket.close,
  sendStdin: (offset, bytes) => socket.send(frameOf(offset, bytes)),
  sendEof: length => socket.send(JSON.stringify({type: 'stdin.eof', length})),
});

function frameOf(offset: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + bytes.length);
  frame.writeUInt8(0, 0);
  frame.writeBigUInt64BE(BigInt(offset), 1);
  frame.set(bytes, HEADER);
  return frame;
}
