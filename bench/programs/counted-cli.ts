/**
 * Loaded before the CLI (`node --import`): counts what the program does to the terminal and how often React commits, and tells
 * it on the unix socket BENCH_COUNTS. The program itself is as it is shipped.
 */
import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import type {Counts} from '../product/dashboard.ts';

const counts = {commits: 0, frames: 0, writes: 0, bytes: 0};

countCommits();
countWrites();
serveCounts(process.env['BENCH_COUNTS'] ?? '');

/** Ink asks this package for its renderer; what it hands back tells after each commit. */
function countCommits(): void {
  const fromInk = createRequire(createRequire(import.meta.url).resolve('ink'));
  const build = process.env['NODE_ENV'] === 'production' ? 'production' : 'development';
  const file = join(dirname(fromInk.resolve('react-reconciler')), `cjs/react-reconciler.${build}.js`);
  type Config = {resetAfterCommit(container: unknown): void};
  const original = fromInk(file) as (config: Config) => unknown;
  const counted = (config: Config) =>
    original({
      ...config,
      resetAfterCommit: container => {
        counts.commits += 1;
        config.resetAfterCommit(container);
      },
    });
  fromInk.cache[file]!.exports = Object.assign(counted, original);
}

function countWrites(): void {
  const write = process.stdout.write.bind(process.stdout) as (...all: unknown[]) => boolean;
  const counted = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
    const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
    counts.writes += 1;
    counts.bytes += Buffer.byteLength(data);
    counts.frames += text.split('\u001b[?2026h').length - 1;
    return write(data, ...rest);
  };
  process.stdout.write = counted as typeof process.stdout.write;
}

function serveCounts(path: string): void {
  const server = createServer((request, response) => {
    if (request.url === '/collected') globalThis.gc?.();
    const cpu = process.cpuUsage();
    const all: Counts = {...counts, heapBytes: process.memoryUsage().heapUsed, cpuMs: (cpu.user + cpu.system) / 1_000};
    response.setHeader('connection', 'close').end(JSON.stringify(all));
  });
  server.listen(path).unref();
}
