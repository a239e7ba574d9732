import type {Blobs} from '../blobs/blobs.ts';
import type {StreamOf} from '../blobs/job-output.ts';
import type {JobStore} from '../jobs/store.ts';
import type {Attempt, DataFrame, FromAgent, LogEnd} from '../protocol/index.ts';
import type {AgentLink} from './agent-link.ts';
import {writtenJob} from './hub-jobs.ts';

interface OpenOutput {
  readonly of: StreamOf;
  readonly attempt: Attempt;
  /** The length the agent was last told. */
  told: number;
  /** Where it ends, once the result said so. */
  end?: number;
}

/** Of one connection at once: far above what a machine runs. */
const mostOpen = 20_000;

/** Output frames of one connection: into `BLOB_DIR`, and acknowledged by the length that is safely there. */
export class OutputFrames {
  readonly #link: AgentLink;
  readonly #deps: {readonly store: JobStore; readonly blobs: Blobs};
  readonly #open = new Map<number, OpenOutput>();
  readonly #byAttempt = new Map<string, Set<number>>();

  constructor(link: AgentLink, deps: {readonly store: JobStore; readonly blobs: Blobs}) {
    this.#link = link;
    this.#deps = deps;
  }

  has(stream: number): boolean {
    return this.#open.has(stream);
  }

  async open(message: Extract<FromAgent, {type: 'output.open'}>): Promise<void> {
    const record = await writtenJob(this.#deps, this.#link, message);
    if (record === undefined) return;
    const of = {tenant: record.tenant, job: record.id, attempt: message.attempt.number, name: message.name};
    if (this.#open.size >= mostOpen) return this.#link.close(1008, 'too many streams');
    this.#forget(message.stream);
    this.#open.set(message.stream, {of, attempt: message.attempt, told: -1});
    const streams = this.#byAttempt.get(message.attempt.id) ?? new Set();
    this.#byAttempt.set(message.attempt.id, streams.add(message.stream));
    const file = await this.#deps.blobs.output.open(of);
    await file.sync();
    this.#tell(message.stream, file.stored);
  }

  async data(frame: DataFrame): Promise<void> {
    const open = this.#open.get(frame.stream);
    if (open === undefined) return;
    const tell = (length: number) => this.#tell(frame.stream, length);
    const taken = await this.#deps.blobs.output
      .append(open.of, frame.offset, frame.bytes, tell)
      .catch((error: unknown) => this.#startOver(error));
    if (taken < 0) this.#startOver(new Error(`${open.of.job} ${open.of.name}: bytes from ${frame.offset} on came too early`));
  }

  async gap(message: Extract<FromAgent, {type: 'output.gap'}>): Promise<void> {
    // An open stream was checked when it was opened; not waiting here keeps the gap before the bytes that follow it.
    const streams = [...(this.#byAttempt.get(message.attempt.id) ?? [])];
    const stream = streams.findLast(each => this.#open.get(each)?.of.name === message.gap.stream);
    const open = stream === undefined ? undefined : this.#open.get(stream);
    if (stream !== undefined && open !== undefined)
      return this.#deps.blobs.output.skip(open.of, message.gap, length => this.#tell(stream, length));
    const record = await writtenJob(this.#deps, this.#link, message);
    if (record === undefined) return;
    const of = {tenant: record.tenant, job: record.id, attempt: message.attempt.number, name: message.gap.stream};
    await this.#deps.blobs.output.skip(of, message.gap, () => undefined);
  }

  /** The result names where each stream ends: what has come to there is let go, the rest as it comes. */
  sealed(attempt: Attempt, end: LogEnd): void {
    for (const stream of this.#byAttempt.get(attempt.id) ?? []) {
      const open = this.#open.get(stream);
      if (open === undefined) continue;
      open.end = end[open.of.name];
      if (open.told >= open.end) this.#forget(stream);
    }
  }

  #forget(stream: number): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    this.#open.delete(stream);
    const streams = this.#byAttempt.get(open.attempt.id);
    streams?.delete(stream);
    if (streams?.size === 0) this.#byAttempt.delete(open.attempt.id);
  }

  /** What could not be stored comes again only on a new connection, from where the file ends. */
  #startOver(error: unknown): never {
    this.#link.close(1013, 'output could not be stored');
    throw error;
  }

  #tell(stream: number, length: number): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    const {job, name} = open.of;
    // Bytes that were stored together are told about once.
    if (length === open.told) return;
    open.told = length;
    if (open.end !== undefined && length >= open.end) this.#forget(stream);
    this.#link.send({type: 'job.have', job, attempt: open.attempt, name, stream, length});
  }
}
