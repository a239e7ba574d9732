/**
 * `npm run release`, after changesets chose the versions and wrote the packages' notes: what is published is the root, so it
 * and lerna.json take the packages' one version, and the root's CHANGELOG.md their notes. Nothing is published here.
 */
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {addRelease, notesOf} from './release-notes.ts';

process.chdir(`${import.meta.dirname}/..`);
const packages = listPackages();
const versions = [...new Set(packages.map(each => each.version))];
const [version = ''] = versions;
if (versions.length !== 1) throw new Error(`The packages have one version, but changesets left ${versions.join(', ')}.`);
for (const file of ['package.json', 'lerna.json'])
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": "[^"]+"/, `"version": "${version}"`));
const notes = [...new Set(packages.flatMap(({location}) => notesOf(read(join(location, 'CHANGELOG.md')), version)))];
writeFileSync('CHANGELOG.md', addRelease(read('CHANGELOG.md'), version, notes));
execFileSync(
  'npm',
  ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', '--omit-lockfile-registry-resolved'],
  {
    stdio: 'inherit',
  },
);
console.log(`boxyard ${version}: commit this, tag it v${version}, then npm publish.`);

interface Package {
  readonly version: string;
  readonly location: string;
}

/** Lerna knows which folders are packages; private ones too, as all of ours are. */
function listPackages(): readonly Package[] {
  const text = execFileSync('lerna', ['list', '--all', '--json', '--loglevel=error'], {stdio: ['ignore', 'pipe', 'inherit']});
  return JSON.parse(text.toString()) as readonly Package[];
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
