import {execFile} from 'node:child_process';
import {cp, mkdir, mkdtemp, readFile, rm} from 'node:fs/promises';
import {existsSync, globSync, readFileSync} from 'node:fs';
import {builtinModules} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, test} from 'vitest';
import {repository} from '../../scripts/lint/addresses.ts';

const run = promisify(execFile);
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const root = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {version: string; dependencies: Record<string, string>};

describe('the packed root', () => {
  test('lists exactly the packages that the four packages use, also those that a bundle holds', () => {
    const manifests = globSync('packages/*/package.json', {cwd: repository}).map(file => readFileSync(join(repository, file), 'utf8'));
    const used = manifests.flatMap(text => Object.keys((JSON.parse(text) as typeof root).dependencies));
    const thirdParty = new Set(used.filter(name => !name.startsWith('@boxyard/')));
    // The launcher runs `node`; nothing imports it.
    expect([...thirdParty, 'node'].toSorted()).toEqual(Object.keys(root.dependencies).toSorted());
    const bundles = globSync('dist/{cli,plugins}/**/*.js', {cwd: repository});
    const imported = new Set(bundles.flatMap(file => importedPackages(readFileSync(join(repository, file), 'utf8'))));
    expect([...imported].filter(name => !thirdParty.has(name))).toEqual([]);
  });

  test.each(['server', 'agent', 'session-host'])('keeps the %s whole: it imports nothing but Node', async program => {
    const text = await withItsChunks(program);
    expect(staticImports(text).filter(name => !name.startsWith('.') && !isBuiltin(name))).toEqual([]);
    expect(text).not.toMatch(/node_modules\/(ssh2|@grpc|protobufjs)\//);
    // As an import each would bring Node's other HTTP client along.
    expect(staticImports(text).filter(name => /^(node:)?https?$/.test(name))).toEqual([]);
  });

  test('has a lock file that a clean install accepts', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'boxyard-lock-'));
    try {
      const manifests = globSync('packages/*/package.json', {cwd: repository});
      for (const file of ['package.json', 'package-lock.json', ...manifests]) await cp(join(repository, file), join(dir, file));
      const install = run('npm', ['ci', '--dry-run', '--ignore-scripts', '--loglevel=error'], {cwd: dir, env: outsideNpm});
      expect((await install).stdout).toMatch(/added \d+ packages/);
    } finally {
      await rm(dir, {recursive: true, force: true});
    }
  });

  test('installed into an empty prefix, gives a working boxyard', {timeout: 300_000}, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'boxyard-pack-'));
    try {
      const {stdout} = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', dir], {
        cwd: repository,
        env: outsideNpm,
      });
      // In an empty directory of its own rather than by --prefix, which would also look for npm's settings there.
      const prefix = join(dir, 'prefix');
      await mkdir(prefix);
      const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', join(dir, stdout.trim())];
      await run('npm', install, {cwd: prefix, env: outsideNpm});
      const boxyard = join(prefix, 'node_modules/.bin/boxyard');
      const version = await run(boxyard, ['--version'], {cwd: '/', env: {PATH: systemPath, HOME: dir}});
      expect(version.stdout).toContain(root.version);
      const help = await run(boxyard, ['run', '--help'], {cwd: '/', env: {PATH: systemPath, HOME: dir}});
      expect(help.stdout).toContain('--image');
      expect(existsSync(join(prefix, 'node_modules/boxyard/dist/server.js'))).toBe(true);
      const page = readFileSync(join(prefix, 'node_modules/boxyard/dist/display-page/page.js'), 'utf8');
      expect(staticImports(page)).toEqual([]);
      expect(page).toMatch(/^\/\* Holds noVNC .*MPL 2\.0/);
    } finally {
      await rm(dir, {recursive: true, force: true});
    }
  });
});

// `npm test` hands its own settings to whatever it starts.
const outsideNpm = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') || name === 'npm_config_registry')),
  PATH: systemPath,
};

/** Only the chunks it has now: those of an older build may still lie there. */
async function withItsChunks(program: string): Promise<string> {
  const texts = new Map<string, string>();
  const add = async (file: string): Promise<void> => {
    if (texts.has(file)) return;
    const text = await readFile(join(repository, 'dist', file), 'utf8');
    texts.set(file, text);
    for (const [, chunk] of text.matchAll(/"\.{1,2}\/(?:[\w/]*chunks\/)?([\w-]+\.js)"/g)) await add(`${program}/chunks/${chunk}`);
  };
  await add(`${program}.js`);
  return [...texts.values()].join('\n');
}

const isBuiltin = (name: string) => name.startsWith('node:') || builtinModules.includes(name);

const staticImports = (text: string): string[] => [...text.matchAll(/^(?:import|export)\b[^;]*?"([^"\n]+)";$/gm)].map(match => match[1]!);

/** Packages a bundle asks for, by `import`, `import()` or `require()`. */
function importedPackages(text: string): string[] {
  const dynamic = [...text.matchAll(/\b(?:import|require)\("([^"\n]+)"\)/g)].map(match => match[1]!);
  const names = [...staticImports(text), ...dynamic].filter(name => !name.startsWith('.') && !isBuiltin(name));
  return names.map(name =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  );
}
