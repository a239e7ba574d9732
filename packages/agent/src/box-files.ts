import {once} from 'node:events';
import {posix} from 'node:path';
import {Readable} from 'node:stream';
import {extract} from 'tar-stream';
import {BoxyardError, asBoxyardError, fromWire, isBoxyardError, toWire} from '@boxyard/core/errors';
import type {Box, Engine, Files} from '@boxyard/core/plugin-api';
import {MAX_DATA_BYTES, encodeData, type DataFrame, type FileKind, type FromServer} from '@boxyard/core/protocol';
import type {BulkSource} from '@boxyard/core/streams';
import type {Connection} from './connection.ts';
import {checkLabels} from './floor.ts';
import {ownBox} from './own-box.ts';
import type {Parts} from './steps/index.ts';

type Message<T extends FromServer['type']> = Extract<FromServer, {type: T}>;
type ToOpen = Message<'files.open'>;
type Work = (files: Files, box: Box, signal: AbortSignal) => Promise<void>;
export type BoxFilesDeps = Pick<Parts, 'engines' | 'streams' | 'worker' | 'send' | 'log' | 'timing'> & {
  readonly connection: () => Connection;
};

const MOST_OPEN = 64;
const WINDOW = 1024 * 1024;
const CREDIT_STEP = WINDOW / 4;
/** The client's patience ends a copy; this is for an engine that forgets it. */
const COPY_MS = 7 * 86_400_000;

/** Files of boxes on their way from and to the server. A stream ends with the connection it was opened on. */
export class BoxFiles {
  readonly #deps: BoxFilesDeps;
  readonly #open = new Set<Copy>();

  constructor(deps: BoxFilesDeps) {
    this.#deps = deps;
  }

  /** Never rejects: what goes wrong is told to the server. */
  async open(message: ToOpen): Promise<void> {
    const copy = new Copy(message, this.#deps, () => this.#open.delete(copy));
    if (this.#open.size >= MOST_OPEN) return copy.fail(new BoxyardError('TOO_MANY_REQUESTS', {what: 'copies on this worker'}));
    this.#open.add(copy);
    try {
      if (message.what === 'stat')
        await this.#reach(copy, async (files, box, signal) => copy.answer(await kindOf(files, box, message.path, signal)));
      else if (message.what === 'get')
        await this.#reach(copy, async (files, box, signal) => copy.give(await files.get(box, message.path, signal)));
      else await this.#reach(copy, (files, box, signal) => copy.take(tar => files.put(box, message.path, tar, signal)), COPY_MS);
    } catch (error) {
      copy.fail(error);
    }
  }

  onClosed(): void {
    for (const copy of this.#open) copy.cut();
  }

  #reach(copy: Copy, work: Work, ms = this.#deps.timing.query * 4): Promise<void> {
    const {engine: name, box, tenant} = copy.message;
    const {engines, worker} = this.#deps;
    const reach = async (engine: Engine, signal: AbortSignal) => {
      const found = ownBox(await engine.find(box, signal), worker.machine, tenant);
      if (found === undefined) throw new BoxyardError('NOT_FOUND', {what: 'container', name: box});
      checkLabels(found.labels, worker.floor, worker.name);
      const {files} = engine.features;
      if (files === undefined) throw new BoxyardError('UNSUPPORTED', {what: 'files', by: name});
      await work(files, found, signal);
    };
    return engines.call(name, 'files', reach, {signal: copy.signal, ms});
  }
}

/** What the first entry of the path's own archive says: every engine that has files can tell so much. */
async function kindOf(files: Files, box: Box, path: string, signal: AbortSignal): Promise<FileKind> {
  if (posix.normalize(path) === '/') return 'directory';
  const tar = await files.get(box, path, signal).catch((error: unknown) => {
    if (isBoxyardError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (tar === undefined) return 'absent';
  const entries = extract();
  const first = once(entries, 'entry', {signal});
  tar.on('error', error => entries.destroy(error));
  tar.pipe(entries);
  try {
    const [{type}] = (await first) as [{type: string}];
    return type === 'directory' || type === 'symlink' ? type : 'file';
  } finally {
    tar.destroy();
    entries.destroy();
  }
}

/** One copy, from the server's wish for it on. */
class Copy implements BulkSource {
  readonly message: ToOpen;
  readonly #deps: BoxFilesDeps;
  readonly #connection: Connection;
  readonly #forget: () => void;
  readonly #abort = new AbortController();
  #tar: Readable | undefined;
  #rest: Buffer | undefined;
  #credit: number;
  #length = 0;
  #owed = 0;
  #isOver = false;
  #leave: (() => void) | undefined;

  constructor(message: ToOpen, deps: BoxFilesDeps, forget: () => void) {
    this.message = message;
    this.#deps = deps;
    this.#connection = deps.connection();
    this.#credit = message.credit;
    this.#forget = forget;
    deps.streams.bind(message.stream, this);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  answer(kind?: FileKind): void {
    const {stream} = this.message;
    this.#deps.send({type: 'files.opened', stream, ...(kind === undefined ? {} : {kind})});
    if (kind !== undefined) this.#finish();
  }

  give(tar: Readable): void {
    if (this.#isOver) return void tar.destroy();
    this.#tar = tar;
    this.answer();
    for (const event of ['readable', 'end']) tar.on(event, () => this.#connection.bulk.wake());
    tar.on('error', error => this.fail(error));
    tar.on('close', () => {
      if (!tar.readableEnded) this.fail(new BoxyardError('INTERRUPTED'));
    });
    this.#leave = this.#connection.bulk.add(this);
  }

  /** Resolves when `put` has taken all. Credit follows what it reads. */
  async take(put: (tar: Readable) => Promise<void>): Promise<void> {
    const tar = new Readable({highWaterMark: WINDOW / 2, read: () => this.#giveCredit()});
    tar.on('error', () => undefined);
    this.#tar = tar;
    this.answer();
    this.#deps.send({type: 'stream.credit', stream: this.message.stream, bytes: WINDOW});
    await put(tar);
    this.#deps.send({type: 'stream.end', stream: this.message.stream, length: this.#length});
    this.#finish();
  }

  next(): Buffer | undefined {
    const tar = this.#tar;
    if (this.#isOver || tar === undefined) return undefined;
    this.#rest ??= (tar.read() as Buffer | null) ?? undefined;
    if (this.#rest === undefined) {
      if (tar.readableEnded) this.#end();
      return undefined;
    }
    const bytes = this.#rest.subarray(0, Math.min(MAX_DATA_BYTES, this.#credit));
    if (bytes.length === 0) return undefined;
    this.#rest = bytes.length < this.#rest.length ? this.#rest.subarray(bytes.length) : undefined;
    const frame = encodeData({stream: this.message.stream, offset: this.#length, bytes});
    this.#length += bytes.length;
    this.#credit -= bytes.length;
    return frame;
  }

  data({offset, bytes}: DataFrame): void {
    if (this.#isOver || this.message.what !== 'put' || offset !== this.#length) return;
    this.#length += bytes.length;
    this.#owed += bytes.length;
    if (this.#tar?.push(Buffer.from(bytes)) === true) this.#giveCredit();
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    this.#connection.bulk.wake();
  }

  end({length, error}: Message<'stream.end'>): void {
    if (error !== undefined) return this.cut(fromWire(error as Parameters<typeof fromWire>[0]));
    if (this.message.what !== 'put') return;
    if (length === this.#length) this.#tar?.push(null);
    else this.#tar?.destroy(new BoxyardError('INTERNAL', {}, {message: `The archive has ${length} bytes, and ${this.#length} came.`}));
  }

  reopen(): void {
    // It has ended with its connection.
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    const told = asBoxyardError(error);
    const {what, box, stream} = this.message;
    if (told.code === 'INTERNAL') this.#deps.log('a copy failed inside', {what, box, error: String(told.cause ?? told)});
    this.#deps.send({type: 'stream.end', stream, error: toWire(told)});
    this.cut();
  }

  /** Nobody wants it any more. What a box was unpacking is ended there. */
  cut(reason: Error = new BoxyardError('INTERRUPTED')): void {
    if (this.#isOver) return;
    this.#finish();
    this.#tar?.destroy(this.message.what === 'put' ? reason : undefined);
    this.#abort.abort(reason);
  }

  #end(): void {
    this.#deps.send({type: 'stream.end', stream: this.message.stream, length: this.#length});
    this.#finish();
  }

  #giveCredit(): void {
    if (this.#owed < CREDIT_STEP || this.#isOver) return;
    this.#deps.send({type: 'stream.credit', stream: this.message.stream, bytes: this.#owed});
    this.#owed = 0;
  }

  #finish(): void {
    this.#isOver = true;
    this.#rest = undefined;
    this.#leave?.();
    this.#deps.streams.release(this.message.stream, this);
    this.#forget();
  }
}
