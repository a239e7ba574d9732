import type {Chunk} from '@boxyard/core/plugin-api';
import type {Attempt, Gap, LogEnd, OutputName} from '@boxyard/core/protocol';
import {JobReports, type JobReportsDeps} from './job-reports.ts';
import {Redactor, masked} from './redactor.ts';
import {ReportTap} from './report-tap.ts';
import {OUTPUTS, gapsOf, type Spool} from './spool.ts';

type Spooled = (stream: OutputName, length: number, settled: number) => void;
export interface JobOutputEvents {
  readonly onSpooled: Spooled;
  readonly onProgress: JobReportsDeps['onProgress'];
}

/** The output of one attempt: masked, spooled, and told about at most once per turn of the event loop and stream. */
export class JobOutput {
  readonly job: string;
  readonly attempt: Attempt;
  readonly #spool: Spool;
  readonly #told: Spooled;
  readonly #secrets = new Set<string>();
  readonly #redactors = new Map<OutputName, Redactor>();
  readonly #taps = new Map<OutputName, ReportTap>();
  readonly #reports: JobReports;
  #reportSecret: string | undefined;
  /** Bytes taken from the engine: what is spooled plus what the redactor still holds. */
  readonly #taken: {stdout: number; stderr: number; log: number};
  readonly #dirty = new Set<OutputName>();

  constructor(of: {job: string; attempt: Attempt}, spool: Spool, {onSpooled, onProgress}: JobOutputEvents) {
    this.job = of.job;
    this.attempt = of.attempt;
    this.#spool = spool;
    this.#told = onSpooled;
    this.#reports = new JobReports({spoolDir: spool.dir, onLine: line => this.#writeLine(line), onProgress});
    this.#taken = {...spool.lengths};
  }

  addSecrets(values: readonly string[]): void {
    if (values.every(value => this.#secrets.has(value))) return;
    for (const value of values) this.#secrets.add(value);
    for (const stream of OUTPUTS) this.release(stream);
    this.#redactors.clear();
  }

  /** From now on it is heard what the program reports. */
  hearReports(secret: string): void {
    if (this.#reportSecret === secret) return;
    this.#reportSecret = secret;
    this.#taps.clear();
  }

  /** Where the engine has to go on: everything before is spooled. What a redactor holds back is read again. */
  resumeAt(): {stdout: number; stderr: number} {
    this.#redactors.clear();
    this.#taps.clear();
    Object.assign(this.#taken, this.#spool.lengths);
    return {stdout: this.#taken.stdout, stderr: this.#taken.stderr};
  }

  /** Bytes that came before are dropped, a jump becomes a gap. */
  writeAt({stream, offset, bytes}: Chunk): void {
    const skip = this.#taken[stream] - offset;
    if (skip >= bytes.length) return;
    if (skip < 0) {
      this.release(stream);
      this.#spool.skip(stream, offset, 'spool-lost');
      this.#taken[stream] = offset;
    }
    this.write(stream, bytes.subarray(Math.max(skip, 0)));
  }

  /** Returns what went on: masked, and without an end that may be the beginning of a secret. */
  write(stream: OutputName, bytes: Uint8Array): Uint8Array {
    this.#taken[stream] += bytes.length;
    if (this.#reportSecret !== undefined && stream !== 'log') this.#tapOf(stream, this.#reportSecret).push(bytes);
    const shown = this.#secrets.size === 0 ? bytes : this.#redactorOf(stream).push(bytes);
    this.#spool.write(stream, shown);
    this.#tell(stream);
    return shown;
  }

  note(gap: Gap): void {
    this.#spool.note(gap);
  }

  /**
   * After the last byte of whatever wrote to these streams: what a redactor held back is decided now. Never of a stream to which
   * something else still writes: the end of the one is not the end of a secret in the other's.
   */
  flush(streams: readonly OutputName[] = OUTPUTS): void {
    for (const stream of streams) this.release(stream);
  }

  get lengths(): LogEnd {
    return this.#spool.lengths;
  }

  get gaps(): Gap[] {
    return gapsOf(this.#spool.dir);
  }

  close(): void {
    this.flush();
    this.#reports.close();
    this.#spool.close();
  }

  /** What was held back of a stream goes on, and is returned: no more of a secret has come for a while. */
  release(stream: OutputName): Uint8Array {
    const rest = this.#redactors.get(stream)?.flush() ?? new Uint8Array();
    if (rest.length === 0) return rest;
    this.#spool.write(stream, rest);
    this.#tell(stream);
    return rest;
  }

  #writeLine(line: string): void {
    this.write('log', Buffer.from(line));
    // It is whole: no secret goes on behind its end.
    this.release('log');
  }

  #tapOf(stream: OutputName, secret: string): ReportTap {
    const found = this.#taps.get(stream);
    if (found) return found;
    const made = new ReportTap(secret, ({kind, text}) => this.#reports.take({kind, text: masked(text, [...this.#secrets])}));
    this.#taps.set(stream, made);
    return made;
  }

  #redactorOf(stream: OutputName): Redactor {
    const found = this.#redactors.get(stream);
    if (found) return found;
    const made = new Redactor([...this.#secrets]);
    this.#redactors.set(stream, made);
    return made;
  }

  #tell(stream: OutputName): void {
    if (this.#dirty.size === 0) setImmediate(() => this.#tellAll());
    this.#dirty.add(stream);
  }

  #tellAll(): void {
    for (const stream of this.#dirty) this.#told(stream, this.#spool.lengths[stream], this.#spool.settled(stream));
    this.#dirty.clear();
  }
}
