import {closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {Attempt} from '@boxyard/core/protocol';
import type {Report} from './report-tap.ts';
import {spoolDir} from './spool.ts';
import type {ReportedProgress} from './wire.ts';

const FILE = 'reported.json';
const MOST_RESULT_BYTES = 65_536;
const MOST_LINE_BYTES = 65_536;
const MOST_STEP = 200;
const EVERY_MS = 1_000;

export interface JobReportsDeps {
  readonly spoolDir: string;
  /** A line for the job's stream `log`. */
  readonly onLine: (line: string) => void;
  readonly onProgress: (progress: ReportedProgress) => void;
}

/** What one attempt reports: the newest progress once a second, lines at once, and the last result in a file that outlives us. */
export class JobReports {
  readonly #deps: JobReportsDeps;
  #waiting: ReportedProgress | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: JobReportsDeps) {
    this.#deps = deps;
  }

  take({kind, text}: Report): void {
    if (kind === 'log') this.#line(text);
    else if (kind === 'progress') this.#progress(text);
    else if (kind === 'result') this.#result(text);
    else this.#refuse(`${kind} is nothing that can be reported`);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #line(text: string): void {
    const isWhole = Buffer.byteLength(text) <= MOST_LINE_BYTES;
    this.#deps.onLine(`${isWhole ? text : Buffer.from(text).subarray(0, MOST_LINE_BYTES).toString('utf8')}\n`);
    if (!isWhole)
      this.#deps.onLine(`boxyard-report: a line has at most ${MOST_LINE_BYTES} bytes; the end of the one above was left out.\n`);
  }

  #progress(text: string): void {
    const [, done = '', total = '', step = ''] = /^(\d{1,15}(?:\.\d{1,6})?);(\d{1,15}(?:\.\d{1,6})?)?;(.*)$/s.exec(text) ?? [];
    if (done === '') return this.#refuse('progress is a number, perhaps of how many, and a text');
    this.#waiting = {step: step.slice(0, MOST_STEP), done: Number(done), ...(total === '' ? {} : {total: Number(total)})};
    if (this.#timer === undefined) this.#tell();
  }

  #tell(): void {
    this.#timer = undefined;
    if (this.#waiting === undefined) return;
    this.#deps.onProgress(this.#waiting);
    this.#waiting = undefined;
    this.#timer = setTimeout(() => this.#tell(), EVERY_MS);
    this.#timer.unref();
  }

  #result(text: string): void {
    if (Buffer.byteLength(text) > MOST_RESULT_BYTES) return this.#refuse(`a result has at most ${MOST_RESULT_BYTES} bytes`);
    try {
      JSON.parse(text);
    } catch {
      return this.#refuse('the result is not JSON');
    }
    try {
      keep(this.#deps.spoolDir, text);
    } catch (error) {
      this.#refuse(`the result could not be kept (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  }

  /** Said where a person looks for what the job did. */
  #refuse(why: string): void {
    this.#deps.onLine(`boxyard-report: ${why}; it was left out.\n`);
  }
}

/** Whole or not at all, and on disk before the output that holds it counts as taken. */
function keep(dir: string, text: string): void {
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const part = join(dir, `${FILE}.part`);
  const fd = openSync(part, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, join(dir, FILE));
}

/** The result an attempt reported last; undefined where it reported none. */
export function reportedResult(stateDir: string, {job, attempt}: {readonly job: string; readonly attempt: Attempt}): string | undefined {
  try {
    return readFileSync(join(spoolDir(stateDir, job, attempt), FILE), 'utf8');
  } catch {
    return undefined;
  }
}
