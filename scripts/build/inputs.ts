import {createHash} from 'node:crypto';
import {existsSync, globSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';

const stamp = '.cache/build';

/** One digest over everything a bundle is made of. The lock file stands for the third-party code. */
export async function inputsDigest(): Promise<string> {
  const patterns = [
    'packages/*/src/**/*',
    'examples/templates/*.ts',
    'packages/*/package.json',
    'scripts/build.ts',
    'scripts/build/*.ts',
    'package.json',
    'package-lock.json',
  ];
  const files = globSync(patterns)
    .filter(file => statSync(file).isFile())
    .toSorted();
  const hash = createHash('sha256').update(process.version);
  const contents = await Promise.all(files.map(file => readFile(file)));
  files.forEach((file, i) => hash.update(`\0${file}\0`).update(contents[i]!));
  return hash.digest('hex');
}

/** Whether the last build was made from the same inputs; then the stamp is renewed, which is what `setup.sh` compares times with. */
export function isUpToDate(digest: string): boolean {
  if (!existsSync('dist') || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) return false;
  utimesSync(stamp, new Date(), new Date());
  return true;
}

export function remember(digest: string): void {
  mkdirSync('.cache', {recursive: true});
  writeFileSync(stamp, digest);
}
