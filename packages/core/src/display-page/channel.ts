import type {DisplayFromClient, DisplayToClient} from '../api/display.ts';
import {DISPLAY_PROTOCOL, TICKET_PROTOCOL} from '../api/display-protocols.ts';

/** Each side may have so many bytes under way from `opened` on (see api/port.ts). */
const WINDOW = 256 * 1024;
/** Given back in parts of this size, so that not every picture costs a message. */
const CREDIT_PART = 32 * 1024;
/** Typed and pasted while the other end takes nothing: what comes then is too late to be meant. */
const MOST_UNSENT = 1024 * 1024;

export interface Over {
  readonly code: number;
  /** What the server said went wrong, where it did. */
  readonly error?: {readonly code: string; readonly message: string; readonly details?: unknown} | undefined;
}

export interface ChannelEvents {
  /** What the server says beside the picture. */
  said(message: Exclude<DisplayToClient, {type: 'opened' | 'credit' | 'end' | 'error'}>): void;
  /** Once, last. */
  over(how: Over): void;
}

/**
 * One look at a display, in the shape of a socket as noVNC takes one: its bytes are RFB, and what else the server says is told
 * to `events`. Opens when the display shows itself.
 */
export class DisplayChannel {
  binaryType = 'arraybuffer';
  readyState = 'connecting';
  protocol = '';
  onopen: (() => void) | null = null;
  onmessage: ((event: {readonly data: ArrayBuffer}) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: {readonly code: number}) => void) | null = null;
  readonly #socket: WebSocket;
  readonly #events: ChannelEvents;
  readonly #unsent: Uint8Array<ArrayBuffer>[] = [];
  #unsentBytes = 0;
  #maySend = 0;
  #owed = 0;
  #error: Over['error'];

  constructor(job: string, ticket: string, events: ChannelEvents) {
    this.#events = events;
    const address = `${location.origin.replace(/^http/, 'ws')}/v1/jobs/${encodeURIComponent(job)}/display`;
    this.#socket = new WebSocket(address, [DISPLAY_PROTOCOL, TICKET_PROTOCOL + ticket]);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('message', ({data}) => (typeof data === 'string' ? this.#hear(data) : this.#take(data as ArrayBuffer)));
    this.#socket.addEventListener('close', ({code}) => this.#end(code));
  }

  send(bytes: Uint8Array): void {
    // The caller uses its buffer again.
    this.#unsent.push(bytes.slice());
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes > MOST_UNSENT) this.close();
    else this.#flush();
  }

  take(): void {
    this.#say({type: 'take'});
  }

  close(): void {
    this.#socket.close();
  }

  /** Ends the look because of what came over it: nothing behind it could be trusted. */
  fail(issue: string): void {
    if (this.readyState === 'closed') return;
    this.#error ??= {code: 'RFB_INVALID', message: `The display sent ${issue}.`};
    this.close();
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as DisplayToClient;
    switch (message.type) {
      case 'opened':
        this.#maySend = WINDOW;
        this.readyState = 'open';
        return this.onopen?.();
      case 'credit':
        this.#maySend += message.bytes;
        return this.#flush();
      case 'end':
        return this.close();
      case 'error':
        this.#error = message.error;
        return;
      default:
        return this.#events.said(message);
    }
  }

  #take(data: ArrayBuffer): void {
    try {
      this.onmessage?.({data});
    } catch (error) {
      return this.fail((error as Error).message);
    }
    this.#owed += data.byteLength;
    if (this.#owed < CREDIT_PART) return;
    this.#say({type: 'credit', bytes: this.#owed});
    this.#owed = 0;
  }

  #flush(): void {
    while (this.#maySend > 0 && this.#unsent.length > 0) {
      const [next] = this.#unsent as [Uint8Array<ArrayBuffer>];
      const part = next.subarray(0, this.#maySend);
      if (part.length === next.length) this.#unsent.shift();
      else this.#unsent[0] = next.subarray(part.length);
      this.#maySend -= part.length;
      this.#unsentBytes -= part.length;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(part);
    }
  }

  #say(message: DisplayFromClient): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #end(code: number): void {
    this.readyState = 'closed';
    this.onclose?.({code});
    this.#events.over({code, error: this.#error});
  }
}
