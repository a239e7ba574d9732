import {closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {Attempt, Gap, LogEnd, OutputName} from '@boxyard/core/protocol';
import type {DiskRoom} from './disk-room.ts';
import {NotedGaps, notedGaps} from './noted-gaps.ts';

/**
 * Output of one attempt on disk. A stream is a row of segments `<stream>.<h|t>.<offset>`; what no segment holds is a gap.
 * Head segments stay; tail segments begin when the head is full and the oldest make room for the newest. The session host
 * writes, the agent reads the same files: neither needs the other to be alive.
 */
export interface SpoolCaps {
  readonly head: number;
  readonly tail: number;
  readonly tailSegment: number;
}
export const spoolCaps: SpoolCaps = {head: 48 * 1024 * 1024, tail: 16 * 1024 * 1024, tailSegment: 1024 * 1024};

export const spoolDir = (stateDir: string, job: string, attempt: Attempt): string =>
  join(stateDir, 'spool', `${job}.${attempt.number}.${attempt.id}`);

export const OUTPUTS: readonly OutputName[] = ['stdout', 'stderr', 'log'];

export interface Segment {
  readonly stream: OutputName;
  readonly tail: boolean;
  readonly start: number;
  readonly path: string;
  size: number;
}

const segmentName = /^(stdout|stderr|log)\.([ht])\.(\d{15})$/;

/** The segments of all streams in order of offset; none if the directory is not there. */
export function listSegments(dir: string): Segment[] {
  if (!existsSync(dir)) return [];
  const segments: Segment[] = [];
  for (const name of readdirSync(dir)) {
    const match = segmentName.exec(name);
    if (!match) continue;
    const path = join(dir, name);
    const size = sizeOf(path);
    if (size === undefined) continue;
    segments.push({stream: match[1] as OutputName, tail: match[2] === 't', start: Number(match[3]), path, size});
  }
  return segments.sort((a, b) => a.start - b.start);
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch {
    return undefined;
  }
}

export function lengthsOf(segments: readonly Segment[]): LogEnd {
  const lengths = {stdout: 0, stderr: 0, log: 0};
  for (const segment of segments) lengths[segment.stream] = Math.max(lengths[segment.stream], segment.start + segment.size);
  return lengths;
}

/** Gaps that were noted, and ranges that no segment holds; behind the last segment, what was noted of them. */
export function gapsOf(dir: string, segments: readonly Segment[] = listSegments(dir)): Gap[] {
  const noted = notedGaps(dir);
  const found: Gap[] = noted.filter(gap => gap.reason === 'engine-log');
  for (const stream of OUTPUTS) {
    let at = 0;
    for (const segment of segments.filter(one => one.stream === stream)) {
      if (segment.start > at) found.push({stream, from: at, to: segment.start, reason: reasonOf(noted, stream, at, segment.start)});
      at = Math.max(at, segment.start + segment.size);
    }
    const end = noted.reduce((most, gap) => (gap.stream === stream && gap.reason !== 'engine-log' ? Math.max(most, gap.to) : most), at);
    if (end > at) found.push({stream, from: at, to: end, reason: reasonOf(noted, stream, at, end)});
  }
  return found;
}

function reasonOf(noted: readonly Gap[], stream: OutputName, from: number, to: number): Gap['reason'] {
  return noted.find(gap => gap.stream === stream && gap.reason !== 'engine-log' && gap.from < to && gap.to > from)?.reason ?? 'cap';
}

interface Open {
  readonly segment: Segment;
  readonly fd: number;
}

/** The one writer of a spool. Writes go to the page cache and return: a thread hop per chunk costs more than the copy. */
export class Spool {
  readonly dir: string;
  readonly #caps: SpoolCaps;
  readonly #lengths: {stdout: number; stderr: number; log: number};
  readonly #open = new Map<OutputName, Open>();
  readonly #room: Pick<DiskRoom, 'has'>;
  readonly #noted: NotedGaps;
  #tails: Segment[];
  #headUsed: number;
  #settled: {stdout?: number; stderr?: number; log?: number} = {};

  constructor(dir: string, caps: SpoolCaps = spoolCaps, room: Pick<DiskRoom, 'has'> = {has: () => true}) {
    this.dir = dir;
    this.#caps = caps;
    this.#room = room;
    this.#noted = new NotedGaps(dir);
    const segments = listSegments(dir);
    this.#lengths = {...lengthsOf(segments)};
    this.#tails = segments.filter(segment => segment.tail);
    this.#headUsed = segments.filter(segment => !segment.tail).reduce((sum, segment) => sum + segment.size, 0);
    for (const tail of this.#tails) this.#settled[tail.stream] ??= tail.start;
  }

  get lengths(): LogEnd {
    return {...this.#lengths};
  }

  /** Bytes before this stay; the whole length as long as the head is not full. */
  settled(stream: OutputName): number {
    return this.#settled[stream] ?? this.#lengths[stream];
  }

  /** Appends; a full disk leaves a gap instead of failing the job. */
  write(stream: OutputName, bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const taken =
        this.#headUsed < this.#caps.head && this.#settled[stream] === undefined
          ? this.#writeHead(stream, rest)
          : this.#writeTail(stream, rest);
      rest = rest.subarray(taken);
    }
  }

  /** Bytes up to `to` are not to be had, and the stream goes on behind them. */
  skip(stream: OutputName, to: number, reason: Gap['reason']): void {
    if (to <= this.#lengths[stream]) return;
    this.note({stream, from: this.#lengths[stream], to, reason});
    this.#close(stream);
    this.#lengths[stream] = to;
    this.#segment(stream, false);
  }

  note(gap: Gap): void {
    this.#noted.note(gap);
  }

  close(): void {
    for (const stream of OUTPUTS) this.#close(stream);
  }

  #writeHead(stream: OutputName, bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.#caps.head - this.#headUsed);
    this.#append(stream, part, false);
    this.#headUsed += part.length;
    return part.length;
  }

  #writeTail(stream: OutputName, bytes: Uint8Array): number {
    if (this.#settled[stream] === undefined) {
      this.#settled[stream] = this.#lengths[stream];
      this.#close(stream);
    }
    const open = this.#open.get(stream);
    if (open && open.segment.size >= this.#caps.tailSegment) this.#close(stream);
    const room = this.#caps.tailSegment - (this.#open.get(stream)?.segment.size ?? 0);
    const part = bytes.subarray(0, room);
    this.#append(stream, part, true);
    this.#trimTail();
    return part.length;
  }

  #append(stream: OutputName, bytes: Uint8Array, tail: boolean): void {
    const hasRoom = this.#room.has(bytes.length);
    const open = hasRoom ? (this.#open.get(stream) ?? this.#segment(stream, tail)) : undefined;
    const from = this.#lengths[stream];
    const written = open ? writeAll(open.fd, bytes) : 0;
    if (open) open.segment.size += written;
    this.#lengths[stream] += bytes.length;
    if (written < bytes.length) {
      this.note({stream, from: from + written, to: from + bytes.length, reason: 'disk-full'});
      this.#close(stream);
    }
  }

  #segment(stream: OutputName, tail: boolean): Open | undefined {
    const start = this.#lengths[stream];
    const path = join(this.dir, `${stream}.${tail ? 't' : 'h'}.${String(start).padStart(15, '0')}`);
    try {
      mkdirSync(this.dir, {recursive: true, mode: 0o700});
      const segment: Segment = {stream, tail, start, path, size: sizeOf(path) ?? 0};
      const open = {segment, fd: openSync(path, 'a', 0o600)};
      this.#open.set(stream, open);
      if (tail) this.#tails.push(segment);
      return open;
    } catch {
      return undefined;
    }
  }

  #trimTail(): void {
    let total = this.#tails.reduce((sum, segment) => sum + segment.size, 0);
    while (total > this.#caps.tail && this.#tails.length > 1) {
      const oldest = this.#tails.shift()!;
      total -= oldest.size;
      if (this.#open.get(oldest.stream)?.segment === oldest) this.#close(oldest.stream);
      rmSync(oldest.path, {force: true});
    }
  }

  #close(stream: OutputName): void {
    const open = this.#open.get(stream);
    if (!open) return;
    this.#open.delete(stream);
    closeSync(open.fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): number {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written);
  } catch {
    // Counted by the caller as a gap.
  }
  return written;
}
