import {existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, relative} from 'node:path';
import type {OutputFile} from 'esbuild';

const anHourMs = 3_600_000;

/** Writes what changed, each file in one step, so that a program started meanwhile reads an old file or a new one, never half. */
export function writeOutputs(outputs: readonly OutputFile[]): string[] {
  return outputs.map(({path, contents}) => {
    if (!existsSync(path) || !readFileSync(path).equals(contents)) {
      mkdirSync(dirname(path), {recursive: true});
      writeFileSync(`${path}.${process.pid}`, contents);
      renameSync(`${path}.${process.pid}`, path);
    }
    return relative('.', path);
  });
}

/** Removes what the build no longer makes. Chunks stay for an hour: a running program may load one late. */
export function removeStale(current: readonly string[]): void {
  const kept = new Set(current);
  for (const file of globSync('dist/**/*')) {
    const {mtimeMs, isDirectory} = describe(file);
    if (isDirectory || kept.has(file)) continue;
    if (file.includes('/chunks/') && Date.now() - mtimeMs < anHourMs) continue;
    rmSync(file, {force: true});
  }
}

function describe(file: string): {mtimeMs: number; isDirectory: boolean} {
  const found = statSync(file, {throwIfNoEntry: false});
  return {mtimeMs: found?.mtimeMs ?? 0, isDirectory: found?.isDirectory() ?? true};
}
