import {mkdir, open, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';

const form = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;

/** `audit/<day>.jsonl`: one CloudEvents document a line, of all tenants, in the order they were copied. */
export class AuditFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** On disk when it resolves. A line that a crash cut off is ended first, so that it spoils no other. */
  async append(day: string, lines: readonly string[]): Promise<void> {
    await mkdir(this.#dir, {recursive: true, mode: 0o700});
    const file = await open(join(this.#dir, `${day}.jsonl`), 'a+', 0o600);
    try {
      const {size} = await file.stat();
      const last = Buffer.alloc(1, '\n');
      if (size > 0) await file.read(last, 0, 1, size - 1);
      await file.write(`${last.toString() === '\n' ? '' : '\n'}${lines.join('\n')}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** Days before this one (`YYYY-MM-DD`) go. */
  async dropBefore(day: string): Promise<void> {
    for (const name of await readdir(this.#dir).catch(() => [])) {
      const own = form.exec(name)?.[1];
      if (own !== undefined && own < day) await rm(join(this.#dir, name), {force: true});
    }
  }
}
