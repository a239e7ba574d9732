import {randomBytes} from 'node:crypto';
import {lstatSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';

/** It occurs nowhere else in the world, and has characters that each encoding writes in its own way. */
const newCanary = () => `${randomBytes(9).toString('hex')}/+&${randomBytes(9).toString('hex')}`;

/** A place where one kind may be found, and why. */
export interface Allowed {
  readonly kind: RegExp;
  readonly where: RegExp;
  readonly why: string;
}

/** Collects what the world shows, and says where a canary is that has no business there. */
export class CanarySearch {
  readonly #forms: (readonly [string, Buffer])[] = [];
  readonly #found = new Set<string>();
  readonly #seen = new Map<string, string>();

  add(kind: string, value = newCanary()): string {
    for (const [form, text] of formsOf(value)) this.#forms.push([`${kind} (${form})`, Buffer.from(text)]);
    return value;
  }

  look(where: string, text: Buffer | string): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (bytes.length === 0) return;
    for (const [what, needle] of this.#forms) if (bytes.includes(needle)) this.#found.add(`${what} in ${where}`);
  }

  /** Every file below, whatever it is called; sockets and pipes aside. */
  lookThrough(root: string, called: string): void {
    for (const entry of readdirSync(root, {recursive: true, withFileTypes: true})) {
      const path = join(entry.parentPath, entry.name);
      this.look(`${called}:name`, entry.name);
      try {
        if (lstatSync(path).isFile()) this.look(`${called}:${path.slice(root.length)}`, readFileSync(path));
      } catch {
        // It went while we looked.
      }
    }
  }

  /** Arguments and environment of every process of the machine, until the function it returns is called. */
  watchProcesses(): () => Promise<void> {
    const end = new AbortController();
    const watching = (async () => {
      while (!end.signal.aborted) {
        this.#lookAtProcesses();
        await delay(100);
      }
    })();
    return async () => {
      end.abort();
      await watching;
    };
  }

  #lookAtProcesses(): void {
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)) {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      if (this.#seen.get(pid) === command) continue;
      this.#seen.set(pid, command);
      this.look(`arguments: ${command.slice(0, 60)}`, command);
      this.look(`environment: ${command.slice(0, 60)}`, read(`/proc/${pid}/environ`));
    }
  }

  /** What was found where nothing allows it. */
  strays(allowed: readonly Allowed[]): readonly string[] {
    return [...this.#found]
      .filter(line => !allowed.some(({kind, where}) => kind.test(line.split(' (')[0]!) && where.test(line.slice(line.indexOf(' in ') + 4))))
      .sort();
  }
}

/** Plain, its two halves (of a value that was cut), and as encodings write it wherever it stands in a longer text. */
function formsOf(value: string): readonly (readonly [string, string])[] {
  const half = Math.floor(value.length / 2);
  const base64 = [0, 1, 2].map(shift => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(value)]).toString('base64');
    return text.slice(4, Math.floor(text.length / 4) * 4 - 4);
  });
  return [
    ['plain', value],
    ['first half', value.slice(0, half - 2)],
    ['last half', value.slice(half + 2)],
    ['URL-encoded', encodeURIComponent(value)],
    ['hex', Buffer.from(value).toString('hex')],
    ...base64.flatMap(text => [['base64', text] as const, ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')] as const]),
  ];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
