/**
 * Builds what `bin/boxyard` runs: one bundle per program into `dist/`, and `oclif.manifest.json`. Does nothing when no input
 * changed since the last time. `--clean` starts from an empty `dist/` (for packing).
 */
import {readFile} from 'node:fs/promises';
import {existsSync, rmSync} from 'node:fs';
import {build, type BuildOptions, type Metafile} from 'esbuild';
import {programs, type Program} from './build/programs.ts';
import {writeForAuthors} from './build/for-authors.ts';
import {inputsDigest, isUpToDate, remember} from './build/inputs.ts';
import {lockBuild} from './build/lock.ts';
import {writeManifest} from './build/manifest.ts';
import {removeStale, writeOutputs} from './build/outputs.ts';

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  jsx: 'automatic',
  outdir: 'dist',
  write: false,
  metafile: true,
  sourcemap: 'linked',
  sourcesContent: false,
  keepNames: true,
  logLevel: 'warning',
};

process.chdir(`${import.meta.dirname}/..`);
await main();

async function main(): Promise<void> {
  using _lock = await lockBuild();
  if (process.argv.includes('--clean')) rmSync('dist', {recursive: true, force: true});
  const digest = await inputsDigest();
  if (isUpToDate(digest)) return;
  const {dependencies} = JSON.parse(await readFile('package.json', 'utf8')) as {dependencies: Record<string, string>};
  const all = programs(Object.keys(dependencies));
  const outcomes = await Promise.allSettled(all.map(buildOne));
  const failures = outcomes.flatMap((outcome, i) => (outcome.status === 'rejected' ? [`${all[i]!.name}: ${outcome.reason}`] : []));
  if (failures.length > 0) {
    console.error(`The build failed.\n${failures.join('\n')}`);
    process.exitCode = 1;
    return;
  }
  removeStale([...outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? outcome.value : [])), ...writeForAuthors()]);
  if (existsSync('dist/cli/run.js')) await writeManifest();
  remember(digest);
}

/** The files it wrote. A program whose sources are missing is named and left out. */
async function buildOne({name, isWhole, entries, options}: Program): Promise<string[]> {
  if (Object.keys(entries).length === 0) {
    console.log(`build: no sources for the ${name}, left out`);
    return [];
  }
  const result = await build({...shared, ...options, entryPoints: {...entries}});
  const swallowed = isWhole === true ? [] : thirdPartyInside(result.metafile!);
  if (swallowed.length > 0) throw new Error(`The ${name} would contain ${swallowed.join(', ')}: list it in the root's dependencies.`);
  return writeOutputs(result.outputFiles!);
}

function thirdPartyInside(metafile: Metafile): string[] {
  const names = Object.keys(metafile.inputs).map(input => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]);
  return [...new Set(names.filter(name => name !== undefined))];
}
