import {execFile} from 'node:child_process';
import {cp, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {folderProblem, importProblem} from '../../scripts/lint/check-import.ts';
import {repository} from '../../scripts/lint/addresses.ts';

const problem = (importer: string, specifier: string, isTypeOnly = false) =>
  importProblem({importer: join(repository, 'packages', importer), specifier, isTypeOnly});

describe('the import table', () => {
  test.each([
    ['core/src/protocol/version.ts', '../errors/index.ts'],
    ['core/src/plugin-api/index.ts', '../protocol/index.ts'],
    ['core/src/client/client.ts', '../jobs/store.ts'],
    ['core/src/jobs/rules.ts', './store.ts'],
    ['core/src/jobs/rules.ts', '../rim/redis.ts'],
    ['core/src/jobs/routes.ts', '../rim/redis.ts'],
    ['core/src/jobs/store.ts', '../rim/bullmq.ts'],
    ['core/src/jobs/store-due.ts', '../rim/http.ts'],
    ['core/src/jobs/store.ts', 'ioredis'],
    ['agent/src/agent.ts', '@boxyard/core/server'],
    ['agent/src/agent.ts', '../../core/src/jobs/store.ts'],
    ['plugins/src/engines/docker/index.ts', '../podman/index.ts'],
    ['plugins/src/engines/process/index.ts', '../docker-api/index.ts'],
    ['plugins/src/displays/vnc/index.ts', '../other/index.ts'],
    ['tui/src/commands/run.ts', '@boxyard/core/server'],
    ['tui/src/services/jobs.ts', '../commands/run.ts'],
    ['tui/src/dashboard/app.tsx', 'ioredis'],
  ])('%s may not import %s, and the message names the page', (importer, specifier) => {
    expect(problem(importer, specifier)).toContain(specifier === 'ioredis' ? 'may' : 'ARCHITECTURE.md');
  });

  test.each([
    ['core/src/jobs/rules.ts', '../workers/rules.ts'],
    ['core/src/jobs/store.ts', '../rim/redis.ts'],
    ['core/src/jobs/store-due.ts', '../rim/redis.ts'],
    ['core/src/jobs/store/accept.ts', '../../rim/redis.ts'],
    ['core/src/jobs/queue.ts', '../rim/bullmq.ts'],
    ['core/src/workers/hub.ts', '../rim/http.ts'],
    ['core/src/server.ts', './rim/embedded-redis.ts'],
    ['agent/src/steps/create.ts', '@boxyard/core/protocol'],
    ['agent/src/steps/create.ts', '@boxyard/core/jobs/rules'],
    ['plugins/src/engines/docker/index.ts', '../docker-api/index.ts'],
    ['tui/src/commands/up.ts', '@boxyard/core/server'],
    ['tui/src/commands/jobs/list.ts', '../../services/jobs.ts'],
    ['core/test/jobs/store.test.ts', '../../../agent/src/agent.ts'],
  ])('%s may import %s', (importer, specifier) => {
    expect(problem(importer, specifier)).toBeUndefined();
  });

  test('the type of a confined package may be named anywhere', () => {
    expect(problem('core/src/jobs/store.ts', 'ioredis', true)).toBeUndefined();
  });

  test('a folder without a row fails', () => {
    expect(folderProblem(join(repository, 'packages/core/src/invented/new.ts'))).toContain('core/invented has no row');
  });
});

describe('oxlint with the house rules', () => {
  test.each([
    ['boxyard(import-table)', 'packages/core/src/protocol/bad.ts', "import '../errors/index.ts';\n"],
    ['boxyard(import-table)', 'packages/core/src/invented/bad.ts', 'export const a = 1;\n'],
    ['boxyard(file-names)', 'packages/core/src/jobs/utils.ts', 'export const a = 1;\n'],
    ['boxyard(no-export-star)', 'packages/core/src/jobs/bad.ts', "export * from './good.ts';\n"],
    ['boxyard(composition-only)', 'packages/core/src/jobs/bad.ts', 'export const a = process.env;\n'],
    ['eslint(no-console)', 'packages/core/src/jobs/bad.ts', 'console.log(1);\n'],
    ['import(no-default-export)', 'packages/core/src/jobs/bad.ts', 'export default 1;\n'],
    ['typescript(no-explicit-any)', 'packages/core/src/jobs/bad.ts', 'export const a = (b: any) => b;\n'],
    ['typescript(no-floating-promises)', 'packages/core/src/jobs/bad.ts', 'Promise.resolve(1);\n'],
    ['import(no-cycle)', 'packages/core/src/jobs/bad.ts', "import {b} from './good.ts';\nexport const a = b;\n"],
    ['eslint(max-lines)', 'packages/core/src/jobs/bad.ts', '//\n'.repeat(301)],
  ])('%s is broken by %s', async (rule, file, text) => {
    await using tree = await lintTree({
      [file]: text,
      'packages/core/src/jobs/good.ts': "import {a} from './bad.ts';\nexport const b = a;\n",
    });
    expect(await tree.lint(file)).toContain(rule);
  });
});

/** A tree with our lint rules and the given files, beside the real one so that nobody's work is disturbed. */
async function lintTree(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'boxyard-lint-'));
  const ours = [
    '.oxlintrc.json',
    'tsconfig.json',
    'scripts/lint',
    ...['core', 'agent', 'plugins', 'tui'].map(name => `packages/${name}/package.json`),
  ];
  await Promise.all(ours.map(path => cp(join(repository, path), join(root, path), {recursive: true})));
  await symlink(join(repository, 'node_modules'), join(root, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), {recursive: true});
    await writeFile(join(root, path), text);
  }
  const lint = (file: string) =>
    new Promise<string>(resolve =>
      execFile(
        process.execPath,
        [join(repository, 'node_modules/oxlint/bin/oxlint'), '--format=unix', file],
        {cwd: root},
        (_, stdout, stderr) => resolve(stdout + stderr),
      ),
    );
  return {lint, [Symbol.asyncDispose]: () => rm(root, {recursive: true, force: true})};
}
