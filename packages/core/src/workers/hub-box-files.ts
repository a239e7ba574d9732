import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError, asBoxyardError, fromWire, toWire} from '../errors/index.ts';
import {type DataFrame, type FileKind, type FromAgent, MAX_DATA_BYTES} from '../protocol/index.ts';
import type {BoxFiles, FilesOfBox} from '../services.ts';
import type {AgentLink} from './agent-link.ts';

type FromAgentOf<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;
type What = 'stat' | 'get' | 'put';

/** Beside the numbers of other streams that the server opens. */
const FIRST = 3 * 2 ** 30;
const WINDOW = 1024 * 1024;
const MOST_OPEN = 64;
/** For the first word of an agent; one that is too old says none. */
const OPEN_MS = 30_000;
/** For the next bytes, credit or end of an agent that has begun. */
const SILENT_MS = 120_000;
const ROOM_MS = 20;

/** Files of boxes that go through one agent's connection. What waits here is bounded by a window for each. */
export class BoxFileStreams implements BoxFiles {
  readonly #link: AgentLink;
  readonly #open = new Map<number, Transfer>();
  #last = FIRST;

  constructor(link: AgentLink) {
    this.#link = link;
  }

  async stat(of: FilesOfBox, signal: AbortSignal): Promise<FileKind> {
    const transfer = this.#start('stat', of, signal);
    try {
      return (await transfer.opened()) ?? 'absent';
    } finally {
      transfer.leave();
    }
  }

  async get(of: FilesOfBox, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const transfer = this.#start('get', of, signal);
    try {
      await transfer.opened();
    } catch (error) {
      transfer.leave();
      throw error;
    }
    return transfer.received();
  }

  async put(of: FilesOfBox, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
    const transfer = this.#start('put', of, signal);
    try {
      await transfer.opened();
      return await transfer.send(tar);
    } catch (error) {
      transfer.abandon(error);
      throw error;
    } finally {
      transfer.leave();
    }
  }

  has(stream: number): boolean {
    return stream > FIRST;
  }

  onOpened(message: FromAgentOf<'files.opened'>): void {
    this.#open.get(message.stream)?.onOpened(message);
  }

  onData(frame: DataFrame): void {
    this.#open.get(frame.stream)?.onData(frame);
  }

  onCredit({stream, bytes}: FromAgentOf<'stream.credit'>): void {
    this.#open.get(stream)?.onCredit(bytes);
  }

  onEnd(message: FromAgentOf<'stream.end'>): void {
    this.#open.get(message.stream)?.onEnd(message);
  }

  /** The connection is over. */
  close(): void {
    const error = toWire(new BoxyardError('WORKER_OFFLINE', {worker: this.#link.identity.name}));
    for (const transfer of [...this.#open.values()]) transfer.onEnd({error});
  }

  #start(what: What, of: FilesOfBox, signal: AbortSignal): Transfer {
    signal.throwIfAborted();
    if (this.#open.size >= MOST_OPEN) throw new BoxyardError('TOO_MANY_REQUESTS', {what: `copies on ${this.#link.identity.name}`});
    const stream = ++this.#last;
    const transfer = new Transfer(stream, this.#link, () => {
      this.#open.delete(stream);
      signal.removeEventListener('abort', onAbort);
    });
    const onAbort = () => {
      transfer.abandon(new BoxyardError('INTERRUPTED'));
      transfer.leave();
    };
    signal.addEventListener('abort', onAbort, {once: true});
    this.#open.set(stream, transfer);
    this.#link.send({type: 'files.open', stream, what, ...of, credit: what === 'get' ? WINDOW : 0});
    return transfer;
  }
}

type End = Pick<FromAgentOf<'stream.end'>, 'length' | 'error'>;

/** One stream. Its one user waits for what comes next with a deadline. */
class Transfer {
  readonly #number: number;
  readonly #link: AgentLink;
  readonly #forget: () => void;
  #opened: FromAgentOf<'files.opened'> | undefined;
  #parts: Uint8Array[] = [];
  #length = 0;
  #allowed = WINDOW;
  #owed = 0;
  #credit = 0;
  #end: End | undefined;
  #wake: () => void = () => undefined;

  constructor(number: number, link: AgentLink, forget: () => void) {
    this.#number = number;
    this.#link = link;
    this.#forget = forget;
  }

  async opened(): Promise<FileKind | undefined> {
    while (this.#opened === undefined) {
      this.#check();
      await this.#change(OPEN_MS);
    }
    return this.#opened.kind;
  }

  async *received(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const part = this.#parts.shift();
        if (part !== undefined) {
          yield part;
          this.#giveCredit(part.length);
          continue;
        }
        this.#check();
        if (this.#end !== undefined) return this.#checkLength(this.#end.length);
        await this.#change(SILENT_MS);
      }
    } finally {
      this.abandon(new BoxyardError('INTERRUPTED'));
      this.leave();
    }
  }

  /** Resolves when the agent has unpacked all; to the bytes of it. */
  async send(tar: AsyncIterable<Uint8Array>): Promise<number> {
    for await (const chunk of tar)
      for (let at = 0; at < chunk.length;) {
        const most = await this.#room();
        const bytes = chunk.subarray(at, at + most);
        this.#link.sendData({stream: this.#number, offset: this.#length, bytes});
        at += bytes.length;
        this.#length += bytes.length;
        this.#credit -= bytes.length;
      }
    this.#check();
    this.#link.send({type: 'stream.end', stream: this.#number, length: this.#length});
    while (this.#end === undefined) await this.#change(SILENT_MS);
    this.#check();
    this.#checkLength(this.#end.length);
    return this.#length;
  }

  /** Tells the agent that nobody wants it any more. Nothing where it has ended. */
  abandon(error: unknown): void {
    if (this.#end !== undefined) return;
    const told = toWire(asBoxyardError(error));
    this.#link.send({type: 'stream.end', stream: this.#number, error: told});
    this.onEnd({error: told});
  }

  leave(): void {
    this.#parts = [];
    this.#forget();
  }

  onOpened(message: FromAgentOf<'files.opened'>): void {
    this.#opened = message;
    this.#wake();
  }

  onData({offset, bytes}: DataFrame): void {
    if (this.#end !== undefined) return;
    const isWrong = offset !== this.#length || this.#length + bytes.length > this.#allowed;
    if (isWrong) return this.abandon(new BoxyardError('INTERNAL', {}, {message: 'The worker sent bytes that it must not.'}));
    this.#length += bytes.length;
    this.#parts.push(bytes);
    this.#wake();
  }

  onCredit(bytes: number): void {
    this.#credit += bytes;
    this.#wake();
  }

  onEnd(end: End): void {
    this.#end ??= end;
    this.#wake();
  }

  #giveCredit(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < WINDOW / 4 || this.#end !== undefined) return;
    this.#allowed += this.#owed;
    this.#link.send({type: 'stream.credit', stream: this.#number, bytes: this.#owed});
    this.#owed = 0;
  }

  /** Bytes that may be sent now. Also rests while the socket is full, so that commands do not stand behind it. */
  async #room(): Promise<number> {
    for (;;) {
      this.#check();
      // An agent that is done before all was sent has not taken it all.
      if (this.#end !== undefined) this.#checkLength(this.#end.length ?? -1);
      if (this.#credit === 0) await this.#change(SILENT_MS);
      else if (this.#link.hasRoom) return Math.min(this.#credit, MAX_DATA_BYTES);
      else await delay(ROOM_MS);
    }
  }

  #check(): void {
    if (this.#end?.error !== undefined) throw fromWire(this.#end.error as Parameters<typeof fromWire>[0]);
  }

  #checkLength(length: number | undefined): void {
    if (length !== undefined && length !== this.#length)
      throw new BoxyardError('INTERNAL', {}, {message: `The archive has ${length} bytes, and ${this.#length} came.`});
  }

  async #change(ms: number): Promise<void> {
    const {promise, resolve} = Promise.withResolvers<'changed' | 'late'>();
    this.#wake = () => resolve('changed');
    const timer = setTimeout(() => resolve('late'), ms);
    const how = await promise;
    clearTimeout(timer);
    this.#wake = () => undefined;
    if (how === 'late') throw new BoxyardError('REQUEST_TIMEOUT', {seconds: ms / 1_000});
  }
}
