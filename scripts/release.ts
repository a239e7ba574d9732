/** `npm run release`, after changesets chose the versions: the root, which is what is published, and lerna.json follow them. */
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';

process.chdir(`${import.meta.dirname}/..`);
const versionOf = (file: string) => (JSON.parse(readFileSync(file, 'utf8')) as {version: string}).version;
const version = versionOf('packages/core/package.json');
for (const file of ['package.json', 'lerna.json']) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": "[^"]+"/, `"version": "${version}"`));
}
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--omit-lockfile-registry-resolved'], {stdio: 'inherit'});
console.log(`boxyard ${version}: commit this, tag it v${version}, then npm publish.`);
