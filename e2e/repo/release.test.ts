import {execFile} from 'node:child_process';
import {cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import {repository} from '../../scripts/lint/addresses.ts';
import {addRelease, notesOf} from '../../scripts/release-notes.ts';

const run = promisify(execFile);

/** What a release reads and writes, in a folder of its own. */
function checkout(): string {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-release-'));
  const manifests = globSync('packages/*/package.json', {cwd: repository});
  for (const file of ['package.json', 'package-lock.json', 'lerna.json', 'tsconfig.json', '.changeset', 'scripts', ...manifests])
    cpSync(join(repository, file), join(dir, file), {recursive: true});
  for (const file of globSync('.changeset/*.md', {cwd: dir})) if (!file.endsWith('README.md')) rmSync(join(dir, file));
  symlinkSync(join(repository, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

const versionIn = (dir: string, file: string) => (JSON.parse(readFileSync(join(dir, file), 'utf8')) as {version: string}).version;

test(
  'a release gives every package, the root and lerna.json one version, keeps the notes, and publishes nothing',
  {timeout: 120_000},
  async () => {
    const dir = checkout();
    try {
      const before = versionIn(dir, 'package.json');
      writeFileSync(join(dir, '.changeset/one.md'), '---\n"@boxyard/core": minor\n---\n\nTables fit into narrow terminals.\n');
      const env = {...process.env, PATH: `${join(repository, 'node_modules/.bin')}:${process.env['PATH']}`};
      const {stdout} = await run('npm', ['run', 'release'], {cwd: dir, env, maxBuffer: 1e7});
      const version = versionIn(dir, 'package.json');
      expect(version).not.toBe(before);
      const files = ['lerna.json', 'package-lock.json', ...globSync('packages/*/package.json', {cwd: dir})];
      expect(files.map(file => versionIn(dir, file))).toEqual(files.map(() => version));
      expect(readFileSync(join(dir, 'CHANGELOG.md'), 'utf8')).toBe(`# Changelog\n\n## ${version}\n\n- Tables fit into narrow terminals.\n`);
      expect(stdout).toContain(`tag it v${version}, then npm publish.`);
      expect(stdout).not.toMatch(/published/i);
      expect(readFileSync(join(dir, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "http/);
    } finally {
      rmSync(dir, {recursive: true, force: true});
    }
  },
);

test('notes of several packages are gathered once, newest release first, without talk of our own packages', () => {
  const changelog =
    '# @boxyard/core\n\n## 0.2.0\n\n### Minor Changes\n\n- One.\n\n  More of it.\n\n### Patch Changes\n\n- Two.\n- Updated dependencies\n  - @boxyard/core@0.2.0\n\n## 0.1.0\n\n- Old.\n';
  const notes = notesOf(changelog, '0.2.0');
  expect(notes).toEqual(['One.\n\n  More of it.', 'Two.']);
  expect(addRelease('# Changelog\n\n## 0.1.0\n\n- Old.\n', '0.2.0', ['New.'])).toBe(
    '# Changelog\n\n## 0.2.0\n\n- New.\n\n## 0.1.0\n\n- Old.\n',
  );
});
