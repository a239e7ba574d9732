import type {AttachSocket} from './attach-socket.ts';

/** Keeps what the server has not stored yet, and sends it again after a lost connection. */
export interface StdinFeed {
  /** The server has this much, and takes `credit` bytes more. */
  have(length: number, credit: number, socket: AttachSocket | undefined): void;
  disconnected(): void;
  stop(): void;
}

const FRAME = 64 * 1024;
/** Bytes read from the source ahead of what the server has. */
const MOST_KEPT = 1024 * 1024;

interface Feed {
  kept: Buffer;
  /** Offset of the first byte of `kept`. */
  start: number;
  sent: number;
  limit: number;
  isOver: boolean;
  isEofSent: boolean;
  isStopped: boolean;
  socket: AttachSocket | undefined;
  wake: (() => void) | undefined;
}

export function createStdinFeed(source: AsyncIterable<Uint8Array>, onFault: (error: unknown) => void): StdinFeed {
  const feed: Feed = {
    kept: Buffer.alloc(0),
    start: 0,
    sent: 0,
    limit: 0,
    isOver: false,
    isEofSent: false,
    isStopped: false,
    socket: undefined,
    wake: undefined,
  };
  void readAll(feed, source).catch(onFault);
  return {
    have(length, credit, socket) {
      const isNew = feed.socket !== socket;
      const stored = Math.max(feed.start, Math.min(length, feed.start + feed.kept.length));
      feed.kept = feed.kept.subarray(stored - feed.start);
      feed.start = stored;
      feed.socket = socket;
      feed.sent = isNew ? stored : Math.max(feed.sent, stored);
      if (isNew) feed.isEofSent = false;
      feed.limit = length + credit;
      push(feed);
      feed.wake?.();
    },
    disconnected: () => void (feed.socket = undefined),
    stop() {
      feed.isStopped = true;
      feed.wake?.();
    },
  };
}

async function readAll(feed: Feed, source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of source) {
    if (feed.isStopped) return;
    feed.kept = Buffer.concat([feed.kept, bytes]);
    push(feed);
    while (feed.kept.length > MOST_KEPT && !feed.isStopped) await new Promise<void>(resolve => (feed.wake = resolve));
  }
  feed.isOver = true;
  push(feed);
}

function push(feed: Feed): void {
  const {socket} = feed;
  if (socket === undefined || feed.isStopped) return;
  const end = feed.start + feed.kept.length;
  while (feed.sent < Math.min(end, feed.limit)) {
    const to = Math.min(end, feed.limit, feed.sent + FRAME);
    socket.sendStdin(feed.sent, feed.kept.subarray(feed.sent - feed.start, to - feed.start));
    feed.sent = to;
  }
  if (feed.isOver && feed.sent === end && !feed.isEofSent) {
    feed.isEofSent = true;
    socket.sendEof(end);
  }
}
