import {closeSync, openSync, readSync} from 'node:fs';
import {MAX_DATA_BYTES, encodeData, type Attempt, type FromServer, type Gap, type LogEnd, type OutputName} from '@boxyard/core/protocol';
import type {BulkSource} from '@boxyard/core/streams';
import type {Connection} from './connection.ts';
import {OUTPUTS, gapsOf, lengthsOf, listSegments, spoolDir, type Segment} from './session-host/spool.ts';

type Have = Extract<FromServer, {type: 'job.have'}>;
type Of = {readonly job: string; readonly attempt: Attempt};

export interface OutputsDeps {
  readonly stateDir: string;
  readonly connection: () => Connection;
  readonly nextStream: () => number;
  /** The server has every byte up to the end of an attempt that was finished. */
  readonly onDelivered: (of: Of) => void;
}

/** How much of a stream may be on its way without the server having stored it. */
const WINDOW = 8 * 1024 * 1024;
/** The same while somebody looks on at a terminal, who would see everything that much later. */
const WATCHED_WINDOW = 512 * 1024;
const READ = 4 * MAX_DATA_BYTES;

/** Sends what the session host spooled, from where the server's copy ends: after any break it goes on at the server's own length. */
export class Outputs {
  readonly #deps: OutputsDeps;
  readonly #jobs = new Map<string, JobOutputs>();

  constructor(deps: OutputsDeps) {
    this.#deps = deps;
  }

  /** Bytes are there, and those before `settled` stay. */
  spooled(of: Of, name: OutputName, settled: number): void {
    this.#of(of).grow(name, settled);
  }

  /** No byte comes any more. */
  finish(of: Of, logEnd: LogEnd, gaps: readonly Gap[]): void {
    this.#of(of).finish(logEnd, gaps);
  }

  isDelivered(of: Of): boolean {
    return this.#jobs.get(keyOf(of))?.isDelivered ?? true;
  }

  /** After a restart: what lies on disk is sent before anybody speaks of it. */
  adopt(of: Of): void {
    const dir = spoolDir(this.#deps.stateDir, of.job, of.attempt);
    const segments = listSegments(dir);
    const firstTail = new Map(OUTPUTS.map(name => [name, segments.find(one => one.stream === name && one.tail)?.start]));
    for (const name of OUTPUTS) {
      const settled = firstTail.get(name) ?? lengthsOf(segments)[name];
      if (settled > 0) this.#of(of).grow(name, settled);
    }
  }

  forget(of: Of): void {
    this.#jobs.get(keyOf(of))?.close();
    this.#jobs.delete(keyOf(of));
  }

  have(message: Have): void {
    this.#jobs.get(keyOf(message))?.have(message);
  }

  onOpen(): void {
    for (const job of this.#jobs.values()) job.reopen();
  }

  onClosed(): void {
    for (const job of this.#jobs.values()) job.suspend();
  }

  close(): void {
    for (const job of this.#jobs.values()) job.close();
  }

  #of(of: Of): JobOutputs {
    const known = this.#jobs.get(keyOf(of));
    if (known) return known;
    const made = new JobOutputs(of, this.#deps);
    this.#jobs.set(keyOf(of), made);
    return made;
  }
}

const keyOf = (of: Of) => `${of.job}.${of.attempt.number}.${of.attempt.id}`;

class JobOutputs {
  readonly #of: Of;
  readonly #deps: OutputsDeps;
  readonly #streams = new Map<OutputName, StreamSender>();
  #logEnd: LogEnd | undefined;

  constructor(of: Of, deps: OutputsDeps) {
    this.#of = of;
    this.#deps = deps;
  }

  get isDelivered(): boolean {
    if (!this.#logEnd) return false;
    return OUTPUTS.every(name => this.#logEnd![name] === 0 || (this.#streams.get(name)?.acked ?? 0) >= this.#logEnd![name]);
  }

  grow(name: OutputName, settled: number): void {
    this.#stream(name).grow(settled);
  }

  finish(logEnd: LogEnd, gaps: readonly Gap[]): void {
    this.#logEnd = logEnd;
    for (const name of OUTPUTS) if (logEnd[name] > 0) this.#stream(name).finish(logEnd[name], gaps);
    this.#tellIfDelivered();
  }

  have(message: Have): void {
    const stream = this.#streams.get(message.name);
    if (stream?.number !== message.stream) return;
    stream.have(message.length);
    this.#tellIfDelivered();
  }

  reopen(): void {
    for (const stream of this.#streams.values()) stream.open();
  }

  suspend(): void {
    for (const stream of this.#streams.values()) stream.close();
  }

  close(): void {
    this.suspend();
  }

  #stream(name: OutputName): StreamSender {
    const known = this.#streams.get(name);
    if (known) return known;
    const made = new StreamSender(this.#of, name, this.#deps);
    this.#streams.set(name, made);
    made.open();
    return made;
  }

  #tellIfDelivered(): void {
    if (this.isDelivered) this.#deps.onDelivered(this.#of);
  }
}

/** One stream on one connection after another. `sent` runs ahead of `acked` by at most the window. */
class StreamSender implements BulkSource {
  number = 0;
  acked = 0;
  readonly #of: Of;
  readonly #name: OutputName;
  readonly #deps: OutputsDeps;
  readonly #dir: string;
  #limit = 0;
  #end: number | undefined;
  #gaps: readonly Gap[] = [];
  #sent = 0;
  #isAnswered = false;
  #leave: (() => void) | undefined;
  #open: {segment: Segment; fd: number} | undefined;
  #ready: Buffer = Buffer.alloc(0);

  constructor(of: Of, name: OutputName, deps: OutputsDeps) {
    this.#of = of;
    this.#name = name;
    this.#deps = deps;
    this.#dir = spoolDir(deps.stateDir, of.job, of.attempt);
  }

  open(): void {
    this.close();
    const connection = this.#deps.connection();
    if (!connection.isOpen || (this.#end !== undefined && this.acked >= this.#end)) return;
    this.number = this.#deps.nextStream();
    connection.send({type: 'output.open', stream: this.number, job: this.#of.job, attempt: this.#of.attempt, name: this.#name});
  }

  close(): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#isAnswered = false;
    this.#letGo();
  }

  grow(settled: number): void {
    this.#limit = Math.max(this.#limit, settled);
    this.#wake();
  }

  finish(end: number, gaps: readonly Gap[]): void {
    this.#end = end;
    this.#limit = end;
    this.#gaps = gaps;
    this.#wake();
  }

  have(length: number): void {
    this.acked = Math.max(this.acked, length);
    if (!this.#isAnswered) {
      this.#isAnswered = true;
      this.#sent = length;
      this.#ready = Buffer.alloc(0);
      this.#leave = this.#deps.connection().bulk.add(this);
    }
    if (length > this.#sent) {
      this.#sent = length;
      this.#ready = Buffer.alloc(0);
    }
    this.#wake();
  }

  next(): Buffer | undefined {
    const {bulk} = this.#deps.connection();
    const window = bulk.isWatched ? WATCHED_WINDOW : WINDOW;
    if (!this.#isAnswered || this.#sent >= this.#limit || this.#sent - this.acked >= window) return undefined;
    if (this.#ready.length === 0) this.#ready = this.#read();
    if (this.#ready.length === 0) return undefined;
    const bytes = this.#ready.subarray(0, MAX_DATA_BYTES);
    this.#ready = this.#ready.subarray(bytes.length);
    const frame = encodeData({stream: this.number, offset: this.#sent, bytes});
    this.#sent += bytes.length;
    if (this.#sent >= this.#limit) this.#letGo();
    return frame;
  }

  #wake(): void {
    if (this.#isAnswered) this.#deps.connection().bulk.wake();
  }

  /** The bytes at `sent`; where there are none, the gap is told and passed over. */
  #read(): Buffer {
    for (;;) {
      const segment = this.#segmentAt(this.#sent);
      if (segment) return this.#readFrom(segment);
      const noted = this.#notedGap();
      const to = this.#nextStart(noted?.to);
      if (to === undefined) return Buffer.alloc(0);
      const gap: Gap = {stream: this.#name, from: this.#sent, to, reason: noted?.reason ?? 'spool-lost'};
      this.#deps.connection().send({type: 'output.gap', job: this.#of.job, attempt: this.#of.attempt, gap});
      this.#sent = to;
      if (this.#sent >= this.#limit) return Buffer.alloc(0);
    }
  }

  #segmentAt(offset: number): {segment: Segment; fd: number} | undefined {
    const open = this.#open;
    if (open && offset >= open.segment.start && offset < this.#endOf(open.segment)) return open;
    this.#letGo();
    const found = this.#segments().find(one => offset >= one.start && offset < one.start + one.size);
    if (!found) return undefined;
    try {
      this.#open = {segment: found, fd: openSync(found.path, 'r')};
      return this.#open;
    } catch {
      return undefined;
    }
  }

  /** A segment that was open when listed may have grown since: only the next list tells where it ends. */
  #endOf(segment: Segment): number {
    return segment.start + segment.size;
  }

  #readFrom({segment, fd}: {segment: Segment; fd: number}): Buffer {
    const most = Math.min(READ, this.#limit - this.#sent, this.#endOf(segment) - this.#sent);
    const buffer = Buffer.allocUnsafe(most);
    return buffer.subarray(0, readSync(fd, buffer, 0, most, this.#sent - segment.start));
  }

  /** What the session host, or the result, says of the missing bytes at `sent`. */
  #notedGap(): Gap | undefined {
    return [...gapsOf(this.#dir), ...this.#gaps].find(
      gap => gap.stream === this.#name && gap.reason !== 'engine-log' && gap.from <= this.#sent && gap.to > this.#sent,
    );
  }

  #nextStart(noted: number | undefined): number | undefined {
    const next = this.#segments().find(one => one.start > this.#sent && one.size > 0)?.start;
    const to = next ?? noted ?? this.#end;
    return to === undefined || to <= this.#sent ? undefined : Math.min(to, Math.max(this.#limit, to));
  }

  #segments(): Segment[] {
    return listSegments(this.#dir).filter(one => one.stream === this.#name);
  }

  #letGo(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }
}
