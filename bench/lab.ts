import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Owns everything a figure starts: a private directory, children, connections. Released in reverse order, once, whoever asks. */
export interface Lab {
  readonly dir: string;
  readonly runs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `release` is called at the end, also after Ctrl-C; a rejection is reported and does not stop the rest. */
  own<T>(thing: T, release: (thing: T) => unknown): T;
  /** A line for a person who waits; never part of the result. */
  say(line: string): void;
  release(): Promise<void>;
}

export function openLab(options: Pick<Lab, 'runs' | 'env' | 'say'>): Lab {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-bench-'));
  const releases: (() => unknown)[] = [() => rmSync(dir, {recursive: true, force: true, maxRetries: 5, retryDelay: 200})];
  let released: Promise<void> | undefined;
  return {
    dir,
    ...options,
    own: (thing, release) => {
      releases.push(() => release(thing));
      return thing;
    },
    release: () => (released ??= releaseAll(releases, options.say)),
  };
}

async function releaseAll(releases: (() => unknown)[], say: (line: string) => void): Promise<void> {
  for (let release = releases.pop(); release; release = releases.pop()) {
    try {
      await release();
    } catch (error) {
      say(`clean-up: ${String(error)}`);
    }
  }
}

/** A loopback port that was free a moment ago, for programs that cannot be told to choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Asks again until there is an answer; rejects after `within` ms with what was seen last. */
export async function waitFor<T>(what: string, find: () => Promise<T | undefined> | T | undefined, within = 30_000): Promise<T> {
  const deadline = Date.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const found = await find();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${within} ms in vain for ${what}${last ? `: ${String(last)}` : ''}`);
    await pause(20);
  }
}

/** Only for settling what is measured at rest. */
export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
