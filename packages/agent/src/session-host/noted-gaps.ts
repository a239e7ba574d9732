import {closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {Gap} from '@boxyard/core/protocol';

const FILE = 'gaps';
/** Wide enough for any gap; all records have one width, so that one can be rewritten where it is, on a full disk too. */
const WIDTH = 128;
const MOST = 256;

/** The gaps that were noted beside a spool: every `engine-log` range, and why the ranges without bytes are without. */
export function notedGaps(dir: string): Gap[] {
  const file = join(dir, FILE);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line.endsWith('}'))
    .map(line => JSON.parse(line) as Gap);
}

/**
 * Writes them. A gap that goes on is one record that grows; past the most there may be, the stream's last record grows over
 * what lies between, so that the file and the result that lists it stay small whatever a disk does.
 */
export class NotedGaps {
  readonly #dir: string;
  readonly #gaps: Gap[];

  constructor(dir: string) {
    this.#dir = dir;
    this.#gaps = notedGaps(dir);
  }

  note(gap: Gap): void {
    const index = this.#gaps.findLastIndex(known => known.stream === gap.stream && known.reason === gap.reason);
    const last = this.#gaps[index];
    const isOneMore = last === undefined || (gap.from > last.to && this.#gaps.length < MOST);
    if (isOneMore) this.#write(this.#gaps.push(gap) - 1);
    else {
      this.#gaps[index] = {...last, from: Math.min(last.from, gap.from), to: Math.max(last.to, gap.to)};
      this.#write(index);
    }
  }

  #write(index: number): void {
    try {
      mkdirSync(this.#dir, {recursive: true, mode: 0o700});
      const path = join(this.#dir, FILE);
      const fd = openSync(path, existsSync(path) ? 'r+' : 'w', 0o600);
      try {
        writeSync(fd, `${JSON.stringify(this.#gaps[index]).padEnd(WIDTH - 1)}\n`, index * WIDTH);
      } finally {
        closeSync(fd);
      }
    } catch {
      // A full disk: the missing segment still shows the gap, only its reason is lost.
    }
  }
}
