import type {Blobs} from '../blobs/blobs.ts';
import type {Timing} from '../config/index.ts';
import {childRecord} from './child-record.ts';
import {type ResultRef, resultRef} from '../blobs/rules-results.ts';
import type {JobId, OutputName} from '../protocol/index.ts';
import {fanOutOf} from './rules-children.ts';
import {
  type ChildDocument,
  type ChildOutput,
  type GatheredDocument,
  type Tail,
  builtInResult,
  childDocument,
  gatherFailure,
  gatherSpec,
  gatheredDocument,
  mostGathered,
  shareOf,
  withoutMarks,
  writtenResult,
} from './rules-gather.ts';
import {type EarlierRun, type JobRecord, hasEnded} from './rules-record.ts';
import {type ChildTotals, openChildren} from './rules-totals.ts';
import {next} from './rules.ts';
import {childId, makeChildren} from './store-accept.ts';
import {childrenOf} from './store-lists.ts';
import {writeDue} from './store-waiting.ts';
import type {JobStore} from './store.ts';

export interface GathererOptions {
  readonly store: JobStore;
  readonly blobs: Blobs;
  readonly timing: Timing;
  /** A row is due then. */
  readonly noteDue: (at: number) => void;
}

interface Beginning {
  readonly totals: ChildTotals;
  readonly command: readonly string[];
  readonly document: GatheredDocument;
  readonly earlier: readonly EarlierRun[];
}

const batch = 50;
/** Runs of runs that were retried. */
const mostEarlier = 100;
const lookAgainMs = 200;
/** So much of the time that logs are waited for: whoever gathers waits for the result, and is told what is incomplete. */
const partOfWait = 0.1;
/** Beside the numbers of children, from which ids are made. */
const GATHER = -1;

/**
 * What comes behind the last child's end: the parent's end, or, where it gathers, what is to come of the results. Everything may
 * run twice at once and again after any death: what is written is the same each time, and the parent steps once. All resolve to
 * whether the parent need not be looked at again for now.
 */
export class Gatherer {
  readonly #options: GathererOptions;

  constructor(options: GathererOptions) {
    this.#options = options;
  }

  async afterChildren(parent: JobRecord, totals: ChildTotals): Promise<boolean> {
    const {store} = this.#options;
    const {gather} = fanOutOf(parent.spec);
    if (openChildren(totals) > 0) return true;
    if (gather === undefined || parent.cancel !== undefined) {
      await store.step(parent.id, {type: 'children', totals});
      return true;
    }
    const began = performance.now();
    const earlier = await this.#earlierRuns(parent);
    const documents = await this.#documents(await this.#childrenOf(parent, earlier));
    // Many take long to be looked at, and are looked at that much less often.
    if (documents === undefined) return this.#later(parent, performance.now() - began);
    const document = gatheredDocument(parent, totals, documents);
    const built = builtInResult(gather, document);
    if (built === undefined) {
      await this.#begin(parent, {totals, command: gather as readonly string[], document, earlier});
      return true;
    }
    await store.step(parent.id, {type: 'children', totals, gathered: {result: await this.#keep(parent, built)}});
    return true;
  }

  /** The parent waits for the job that gathers. */
  async whileGathering(parent: JobRecord): Promise<boolean> {
    const {store} = this.#options;
    const job = parent.gatherJob === undefined ? undefined : await store.read(parent.gatherJob);
    if (job === undefined) {
      const failed = {code: 'gather_failed', message: 'The record of the job that gathered the results is lost.'};
      await store.step(parent.id, {type: 'gathered', gathered: {failed}});
      return true;
    }
    if (!hasEnded(job)) {
      if (parent.cancel === undefined) return true;
      const {actor, reason} = parent.cancel;
      await store.step(job.id, {type: 'cancel', actor, reason}, {actor});
      return true;
    }
    if (job.outcome !== 'succeeded') {
      await store.step(parent.id, {type: 'gathered', gathered: {failed: gatherFailure(job)}});
      return true;
    }
    const result = await this.#resultOf(job);
    if (result === undefined) return this.#later(parent);
    await store.step(parent.id, {type: 'gathered', gathered: {result: await this.#keep(parent, result)}});
    return true;
  }

  async #keep({tenant, id, attempt}: JobRecord, json: string): Promise<ResultRef> {
    const ref = resultRef(attempt.number, json);
    await this.#options.blobs.files.writeResult(tenant, id, ref, json);
    return ref;
  }

  async #later(parent: JobRecord, tookMs = 0): Promise<false> {
    const {store, noteDue} = this.#options;
    const at = Math.round(store.rim.clock.now() + lookAgainMs + 10 * tookMs);
    await writeDue(store, `j:${parent.id}`, at);
    noteDue(at);
    return false;
  }

  /** Its input is whole on disk before it is accepted, in one step with the parent's. */
  async #begin(parent: JobRecord, {totals, command, document, earlier}: Beginning): Promise<void> {
    const {store, blobs} = this.#options;
    const id = childId(parent.id, GATHER) as JobId;
    const after = next(parent, {type: 'children', totals, gathered: {job: id}}, store.moment());
    if (after === undefined || (await store.read(id)) !== undefined) return;
    await blobs.files.setStdin(parent.tenant, id, `${JSON.stringify(document)}\n`);
    const spec = gatherSpec(parent.spec, command);
    const own = childRecord(parent, {id, spec, now: store.rim.clock.now()});
    const record: JobRecord = {...own, gathers: true, ...(earlier.length === 0 ? {} : {earlier})};
    await makeChildren(store, parent, after, [{record}]);
  }

  /** Those that the parent goes on with, as far as they are still known. */
  async #earlierRuns(parent: JobRecord): Promise<EarlierRun[]> {
    const found: EarlierRun[] = [];
    const again = new Set(fanOutOf(parent.spec).only);
    for (let run = parent.retries; run !== undefined && found.length < mostEarlier;) {
      const record = await this.#options.store.read(run);
      if (record === undefined) return found;
      found.push({run, except: [...again]});
      for (const index of fanOutOf(record.spec).only ?? []) again.add(index);
      run = record.retries;
    }
    return found;
  }

  /** Its own, and of earlier runs those that succeeded and were not done again. */
  async #childrenOf(parent: JobRecord, earlier: readonly EarlierRun[]): Promise<JobRecord[]> {
    const {store} = this.#options;
    const all: JobRecord[] = [];
    for (const {run, except} of [{run: parent.id, except: []}, ...earlier]) {
      const isAgain = new Set<number>(except);
      for (const child of await store.readMany(await childrenOf(store, run))) {
        const isKept = child?.outcome === 'succeeded' && !isAgain.has(child.index ?? 0);
        if (child !== undefined && (run === parent.id || isKept)) all.push(child);
      }
    }
    return all;
  }

  /** Undefined while output of one of them may still come. */
  async #documents(children: readonly JobRecord[]): Promise<ChildDocument[] | undefined> {
    const share = shareOf(children.length);
    const documents: ChildDocument[] = [];
    for (let at = 0; at < children.length; at += batch) {
      const part = children.slice(at, at + batch);
      const outputs = await Promise.all(part.map(child => this.#outputOf(child, share)));
      for (const [i, output] of outputs.entries()) {
        if (output === undefined) return undefined;
        documents.push(childDocument(part[i]!, output));
      }
    }
    return documents;
  }

  async #outputOf(child: JobRecord, share: ReturnType<typeof shareOf>): Promise<ChildOutput | undefined> {
    const has = await this.#has(child);
    if (has === 'not yet') return undefined;
    const {result} = child;
    const isSmall = result !== undefined && result.bytes <= share.result;
    return {
      stdout: await this.#tail(child, 'stdout', share.stdout),
      stderr: await this.#tail(child, 'stderr', share.stderr),
      result: isSmall ? await this.#options.blobs.files.result(child.tenant, child.id, result) : undefined,
      isComplete: has === 'all',
    };
  }

  /** Bytes may come behind an end, for as long as logs are waited for; of a worker that is lost nothing is waited for. */
  async #has(job: JobRecord): Promise<'all' | 'some' | 'not yet'> {
    const {store, blobs, timing} = this.#options;
    if (job.sentAt === undefined) return 'all';
    if (job.logEnd === undefined) return 'some';
    const {have, gaps} = await blobs.output.have(job.tenant, job.id, job.attempt.number);
    const isHere = have.stdout >= job.logEnd.stdout && have.stderr >= job.logEnd.stderr;
    if (isHere) return gaps.some(gap => gap.reason !== 'engine-log') ? 'some' : 'all';
    return store.rim.clock.now() - (job.endedAt ?? 0) > timing.logFinalize * partOfWait ? 'some' : 'not yet';
  }

  async #tail({tenant, id, attempt}: JobRecord, name: OutputName, most: number): Promise<Tail> {
    const {output} = this.#options.blobs;
    const of = {tenant, job: id, attempt: attempt.number, name};
    const length = await output.length(of);
    const from = Math.max(0, length - most);
    const parts: Uint8Array[] = [];
    for (let at = from; at < length;) {
      const part = await output.read(of, at);
      if (part === undefined) break;
      if ('bytes' in part) parts.push(part.bytes);
      at = 'bytes' in part ? part.offset + part.bytes.length : part.gap.to;
    }
    return {text: withoutMarks(Buffer.concat(parts).toString('utf8')), omitted: from};
  }

  /** What it reported, or else what it wrote to stdout; undefined while that may still come. */
  async #resultOf(job: JobRecord): Promise<string | undefined> {
    const {files} = this.#options.blobs;
    const reported = job.result && (await files.result(job.tenant, job.id, job.result));
    if (reported !== undefined) return reported;
    if ((await this.#has(job)) === 'not yet') return undefined;
    return writtenResult((await this.#tail(job, 'stdout', mostGathered)).text);
  }
}
