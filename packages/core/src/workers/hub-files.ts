import {stat} from 'node:fs/promises';
import type {Blobs} from '../blobs/blobs.ts';
import {readPart} from '../blobs/job-output.ts';
import type {OutFile} from '../blobs/out-file.ts';
import {BoxyardError, asBoxyardError, toWire} from '../errors/index.ts';
import {stillCounts} from '../jobs/rules-record.ts';
import type {JobStore} from '../jobs/store.ts';
import {type DataFrame, type FromAgent, MAX_DATA_BYTES} from '../protocol/index.ts';
import type {AgentLink} from './agent-link.ts';
import type {JobFolders} from './hub-deps.ts';
import {ownJob} from './hub-jobs.ts';

interface Sending {
  /** Up to so many bytes from there on; none where no more came yet. */
  read(at: number, most: number): Promise<Buffer>;
  at: number;
  credit: number;
  /** Where it ends, once that is known; undefined while more may come. */
  end(): Promise<number | undefined>;
  stopWatching: () => void;
  isPumping: boolean;
  hasWoken: boolean;
}

interface Receiving {
  /** What is to be done with it when it is whole; what the log of the job should say of it. */
  readonly whole?: (() => Promise<readonly string[]>) | undefined;
  readonly out: OutFile;
  owed: number;
}

const creditStep = 256 * 1024;
const bufferedWaitMs = 20;
/** Of one connection at once. */
const mostSending = 2_000;
const mostReceiving = 200;

export interface FileFrameDeps {
  readonly store: JobStore;
  readonly blobs: Blobs;
  readonly folders: JobFolders;
}

/** Files between server and agent on one connection: uploads, folders and stdin go out with the agent's credit, `out` and folders come in. */
export class FileFrames {
  readonly #link: AgentLink;
  readonly #deps: FileFrameDeps;
  readonly #sending = new Map<number, Sending>();
  readonly #receiving = new Map<number, Receiving>();

  constructor(link: AgentLink, deps: FileFrameDeps) {
    this.#link = link;
    this.#deps = deps;
  }

  async get(message: Extract<FromAgent, {type: 'file.get'}>): Promise<void> {
    const record = await ownJob(this.#deps, this.#link, message);
    if (record === undefined || !stillCounts(record)) return;
    const {files} = this.#deps.blobs;
    const {tenant, id} = record;
    const {stream, what, from} = message;
    if (this.#sending.size >= mostSending) return this.#fail(stream, new BoxyardError('TOO_MANY_REQUESTS', {what: 'files at once'}));
    this.#sending.get(stream)?.stopWatching();
    const sending: Sending = {
      read: async () => Buffer.alloc(0),
      at: from,
      credit: 0,
      end: async () => undefined,
      stopWatching: () => undefined,
      isPumping: false,
      hasWoken: false,
    };
    if (what === 'stdin') {
      const path = files.stdinPath(tenant, id);
      Object.assign(sending, {read: readOf(path), end: async () => (await files.stdin(tenant, id)).end});
      sending.stopWatching = files.watchStdin(tenant, id, () => this.#wake(stream));
    } else if (what.blob.startsWith('folders')) {
      const found = await this.#deps.folders.read(record, what.blob).catch(error => error as Error);
      if (found === undefined || found instanceof Error)
        return this.#fail(stream, found ?? new BoxyardError('NOT_FOUND', {what: 'folders', name: id}));
      Object.assign(sending, {read: found.read, end: async () => found.length});
    } else {
      const path = files.taken(tenant, record.parent ?? id, what.blob);
      const size = await stat(path).then(
        found => found.size,
        () => undefined,
      );
      if (size === undefined) return this.#fail(stream, new BoxyardError('NOT_FOUND', {what: 'upload', name: what.blob}));
      Object.assign(sending, {read: readOf(path), end: async () => size});
    }
    sending.credit += this.#sending.get(stream)?.credit ?? this.#early.get(stream) ?? 0;
    this.#early.delete(stream);
    this.#sending.set(stream, sending);
    this.#wake(stream);
  }

  /** Credit may come before the file was found. */
  readonly #early = new Map<number, number>();

  credit(message: Extract<FromAgent, {type: 'stream.credit'}>): void {
    const sending = this.#sending.get(message.stream);
    if (sending === undefined) {
      if (this.#early.size < 1_000) this.#early.set(message.stream, (this.#early.get(message.stream) ?? 0) + message.bytes);
      return;
    }
    sending.credit += message.bytes;
    this.#wake(message.stream);
  }

  #tail: Promise<unknown> = Promise.resolve();

  put(message: Extract<FromAgent, {type: 'file.put'}>): Promise<void> {
    return this.#inOrder(async () => {
      const record = await ownJob(this.#deps, this.#link, message);
      if (record === undefined || !stillCounts(record)) return;
      const {stream} = message;
      await this.#receiving.get(stream)?.out.abandon();
      this.#receiving.delete(stream);
      if (this.#receiving.size >= mostReceiving) return this.#fail(stream, new BoxyardError('TOO_MANY_REQUESTS', {what: 'files at once'}));
      const {files} = this.#deps.blobs;
      const {tenant, id} = record;
      if (message.what === 'folders') {
        const out = await files.openChanges(tenant, id, message.attempt.number);
        this.#receiving.set(stream, {out, owed: 0, whole: () => this.#deps.folders.store(record)});
      } else this.#receiving.set(stream, {out: await files.openOut(tenant, id, message.attempt.number, message.from), owed: 0});
    });
  }

  data(frame: DataFrame): Promise<void> {
    return this.#inOrder(async () => {
      const receiving = this.#receiving.get(frame.stream);
      if (receiving === undefined) return;
      try {
        await receiving.out.append(frame.offset, frame.bytes);
      } catch (error) {
        this.#receiving.delete(frame.stream);
        await receiving.out.abandon();
        return this.#fail(frame.stream, error);
      }
      receiving.owed += frame.bytes.length;
      if (receiving.owed < creditStep) return;
      this.#link.send({type: 'stream.credit', stream: frame.stream, bytes: receiving.owed});
      receiving.owed = 0;
    });
  }

  /** What comes in is taken in the order it came, `put` before its bytes and they before the end. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  end(message: Extract<FromAgent, {type: 'stream.end'}>): Promise<void> {
    return this.#inOrder(() => this.#end(message));
  }

  async #end(message: Extract<FromAgent, {type: 'stream.end'}>): Promise<void> {
    const {stream} = message;
    const receiving = this.#receiving.get(stream);
    this.#receiving.delete(stream);
    this.#sending.get(stream)?.stopWatching();
    this.#sending.delete(stream);
    if (receiving === undefined) return;
    if (message.error !== undefined) return receiving.out.abandon();
    if (message.length !== receiving.out.length) {
      await receiving.out.abandon();
      return this.#fail(
        stream,
        new BoxyardError('INTERNAL', {}, {message: `The archive has ${receiving.out.length} bytes, not ${message.length}.`}),
      );
    }
    try {
      await receiving.out.finish();
      const notes = (await receiving.whole?.()) ?? [];
      this.#link.send({type: 'stream.end', stream, length: message.length, ...(notes.length === 0 ? {} : {notes: [...notes]})});
    } catch (error) {
      return this.#fail(stream, error);
    }
  }

  close(): void {
    for (const sending of this.#sending.values()) sending.stopWatching();
    this.#sending.clear();
    for (const receiving of this.#receiving.values()) void receiving.out.abandon().catch(() => undefined);
    this.#receiving.clear();
  }

  #wake(stream: number): void {
    const sending = this.#sending.get(stream);
    if (sending === undefined) return;
    sending.hasWoken = true;
    if (sending.isPumping) return;
    sending.isPumping = true;
    void this.#pump(stream, sending)
      .catch(error => this.#fail(stream, error))
      .finally(() => {
        sending.isPumping = false;
        if (sending.hasWoken) this.#wake(stream);
      });
  }

  async #pump(stream: number, sending: Sending): Promise<void> {
    while (sending.hasWoken && this.#sending.get(stream) === sending) {
      sending.hasWoken = false;
      await this.#sendWhatThereIs(stream, sending);
      const end = await sending.end();
      if (end === undefined || sending.at < end || this.#sending.get(stream) !== sending) continue;
      this.#sending.delete(stream);
      sending.stopWatching();
      this.#link.send({type: 'stream.end', stream, length: end});
    }
  }

  async #sendWhatThereIs(stream: number, sending: Sending): Promise<void> {
    while (sending.credit > 0 && this.#link.isOpen) {
      if (!this.#link.hasRoom) {
        await new Promise(resolve => setTimeout(resolve, bufferedWaitMs));
        continue;
      }
      const bytes = await sending.read(sending.at, Math.min(MAX_DATA_BYTES, sending.credit));
      if (bytes.length === 0) return;
      this.#link.sendData({stream, offset: sending.at, bytes});
      sending.at += bytes.length;
      sending.credit -= bytes.length;
    }
  }

  #fail(stream: number, error: unknown): void {
    this.#sending.get(stream)?.stopWatching();
    this.#sending.delete(stream);
    this.#link.send({type: 'stream.end', stream, error: toWire(asBoxyardError(error))});
  }
}

const readOf = (path: string) => (at: number, most: number) => readPart(path, at, most);
