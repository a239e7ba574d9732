import {readFile, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {catalogue} from '../../packages/core/src/errors/index.ts';
import {fromAgent, fromServer} from '../../packages/core/src/protocol/index.ts';
import {repository} from '../../scripts/lint/addresses.ts';
import {table} from '../../scripts/lint/import-table.ts';

const page = (path: string) => readFile(join(repository, path), 'utf8');
const headings = (text: string, level: number) =>
  [...text.matchAll(new RegExp(`^${'#'.repeat(level)} (.+)$`, 'gm'))].map(match => match[1]);

describe('the pages', () => {
  test('docs/errors.md has every error of the catalogue and no other', async () => {
    expect(headings(await page('docs/errors.md'), 2)).toEqual(Object.keys(catalogue));
  });

  test('docs/errors.md says of each what the catalogue says', async () => {
    const sections = (await page('docs/errors.md')).split(/^## /m).slice(1);
    for (const section of sections) {
      const entry = catalogue[section.split('\n')[0] as keyof typeof catalogue];
      expect(section).toContain(`HTTP ${entry.status}, exit ${entry.exit}`);
    }
  });

  test('docs/protocol.md has every message and no other', async () => {
    expect(headings(await page('docs/protocol.md'), 3)).toEqual([...Object.keys(fromAgent), ...Object.keys(fromServer)]);
  });

  test('decision records are numbered without a hole and at most 40 lines long', async () => {
    const names = (await readdir(join(repository, 'docs/decisions'))).toSorted();
    expect(names.map(name => name.slice(0, 4))).toEqual(names.map((_, i) => String(i + 1).padStart(4, '0')));
    for (const name of names) expect((await page(`docs/decisions/${name}`)).split('\n').length, name).toBeLessThanOrEqual(41);
  });

  test('every link of a page leads to a file', async () => {
    const pages = [
      'README.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      ...(await readdir(join(repository, 'docs/decisions'))).map(name => `docs/decisions/${name}`),
    ];
    for (const path of pages) {
      for (const [, target = ''] of (await page(path)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        await expect(readdirOrRead(join(repository, path, '..', target)), `${path} links ${target}`).resolves.toBeDefined();
      }
    }
  });

  test('every folder of the contracts in the import table stands in ARCHITECTURE.md', async () => {
    const architecture = await page('ARCHITECTURE.md');
    const folders = table.map(row => row.files.split('/')[1] ?? '').filter(name => /^[a-z-]+$/.test(name) && name !== 'installation');
    for (const folder of folders) expect(architecture).toContain(folder);
  });

  test('CONTRIBUTING.md has a line for every script', async () => {
    const {scripts} = JSON.parse(await page('package.json')) as {scripts: Record<string, string>};
    const contributing = await page('CONTRIBUTING.md');
    const names = Object.keys(scripts).filter(name => name !== 'prepack');
    for (const name of names) expect(contributing).toMatch(new RegExp(`\`npm (?:run )?${name}\``));
    expect(Object.keys(scripts).length).toBeLessThanOrEqual(12);
  });

  test('the README of a package gives a reason for each of its dependencies', async () => {
    for (const name of ['core', 'agent', 'plugins', 'tui']) {
      const {dependencies} = JSON.parse(await page(`packages/${name}/package.json`)) as {dependencies: Record<string, string>};
      const readme = await page(`packages/${name}/README.md`);
      for (const dependency of Object.keys(dependencies))
        expect(readme, `packages/${name}/README.md`).toMatch(new RegExp(`\\| \`${dependency}\` +\\|`));
    }
  });

  test('the lock file names no registry', async () => {
    expect(await page('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });
});

const readdirOrRead = (path: string) => readdir(path).catch(() => readFile(path));
