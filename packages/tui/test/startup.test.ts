import {globSync} from 'node:fs';
import {join} from 'node:path';
import {build, type Metafile} from 'esbuild';
import {expect, test} from 'vitest';

const source = join(import.meta.dirname, '../src');

/** Third-party packages that are loaded before the command does anything: what static imports reach, through our own files. */
async function loadedBy(files: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const {metafile} = await build({
    entryPoints: files.map(file => join(source, file)),
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    jsx: 'automatic',
    packages: 'bundle',
    external: [
      '@oclif/core',
      'ink',
      'react',
      'ioredis',
      'bullmq',
      'zod',
      'ws',
      'yaml',
      'tar-stream',
      'pino',
      'dockerode',
      '@lydell/node-pty',
      'fastify',
      'prom-client',
    ],
    outdir: 'out',
    logLevel: 'silent',
  });
  // What is imported late becomes an entry of its own, too.
  const outputs = Object.entries(metafile.outputs).filter(([, {entryPoint}]) => files.some(file => entryPoint?.endsWith(`/src/${file}`)));
  return new Map(outputs.map(([path, output]) => [output.entryPoint!.replace(/^.*\/src\//, ''), [...reached(metafile, path)].toSorted()]));
}

function reached(metafile: Metafile, path: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>();
  seen.add(path);
  for (const {path: to, kind, external} of metafile.outputs[path]?.imports ?? []) {
    if (kind === 'dynamic-import') continue;
    if (external) packages.add(to);
    else if (!seen.has(to)) reached(metafile, to, seen).forEach(name => packages.add(name));
  }
  return packages;
}

const heavy = /^(ink|react|ioredis|bullmq|zod|ws|yaml|tar-stream|pino|dockerode|fastify|prom-client|@lydell\/node-pty)(\/|$)/;

test('no command loads anything big before it needs it', async () => {
  const commands = globSync('commands/**/*.ts', {cwd: source});
  const loaded = await loadedBy(['run.ts', ...commands]);
  expect(loaded.size).toBe(commands.length + 1);
  const offenders = [...loaded].flatMap(([file, packages]) =>
    packages.filter(name => heavy.test(name)).map(name => `${file} loads ${name}`),
  );
  expect(offenders).toEqual([]);
});

test('the version is printed without loading oclif', async () => {
  const loaded = await loadedBy(['run.ts']);
  expect([...loaded.values()].flat().filter(name => name.startsWith('@oclif'))).toEqual([]);
});
