import {execFile, spawn} from 'node:child_process';
import {chmod, cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, test} from 'vitest';
import {repository} from '../../scripts/lint/addresses.ts';

const run = promisify(execFile);
const tellsAboutItself = `
console.log(JSON.stringify({pid: process.pid, node: process.execPath, args: process.argv.slice(2)}));
process.exitCode = Number(process.env.EXIT ?? 0);
`;

describe('bin/boxyard', () => {
  test('becomes the Node beside it: one process, arguments as given', async () => {
    await using tree = await installation();
    const child = spawn(tree.launcher, ['run', 'a b', '$HOME', '--', '*'], {stdio: ['ignore', 'pipe', 'inherit']});
    const told = JSON.parse((await child.stdout.toArray()).join(''));
    expect(told).toEqual({pid: child.pid, node: await realpath(tree.node), args: ['run', 'a b', '$HOME', '--', '*']});
  });

  test('works through links of links, from any directory', async () => {
    await using tree = await installation();
    await symlink('bin/boxyard', join(tree.root, 'first'));
    await symlink(join(tree.root, 'first'), join(tree.root, 'second'));
    expect(JSON.parse((await run(join(tree.root, 'second'), ['x'], {cwd: '/'})).stdout).args).toEqual(['x']);
    expect(JSON.parse((await run('sh', ['boxyard', 'y'], {cwd: join(tree.root, 'bin')})).stdout).args).toEqual(['y']);
  });

  test('finds a Node that npm put one level higher', async () => {
    await using tree = await installation({isHoisted: true});
    expect(JSON.parse((await run(tree.launcher, [], {env: {PATH: '/usr/bin:/bin'}})).stdout).node).toBe(await realpath(tree.node));
  });

  test('hands the exit code on', async () => {
    await using tree = await installation();
    await expect(run(tree.launcher, [], {env: {...process.env, EXIT: '7'}})).rejects.toMatchObject({code: 7});
  });

  test('says what to do where nothing is built, and where there is no Node', async () => {
    await using tree = await installation();
    await rm(join(tree.root, 'dist'), {recursive: true});
    await expect(run(tree.launcher)).rejects.toMatchObject({code: 1, stderr: expect.stringContaining('sh scripts/setup.sh')});
    await rm(tree.node);
    await expect(run(tree.launcher, [], {env: {PATH: '/nowhere'}})).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('needs Node'),
    });
  });

  test('started by an old Node, it runs itself again under the right one', async context => {
    const old = '/usr/bin/node';
    const version = existsSync(old) ? (await run(old, ['-p', 'process.versions.node'])).stdout : '';
    if (!/^(?:18|20)\./.test(version)) context.skip(`no old Node at ${old}`);
    await using tree = await installation();
    const {stdout} = await run(old, [tree.launcher, 'a b']);
    expect(JSON.parse(stdout)).toMatchObject({node: await realpath(tree.node), args: ['a b']});
    await expect(run(old, [tree.launcher], {env: {...process.env, EXIT: '7'}})).rejects.toMatchObject({code: 7});
    await rm(tree.node);
    await expect(run(old, [tree.launcher])).rejects.toMatchObject({code: 1, stderr: expect.stringContaining(`this is ${version.trim()}`)});
  });
});

/** What an installation looks like, with a program that tells how it was started. */
async function installation({isHoisted = false} = {}) {
  const base = await mkdtemp(join(tmpdir(), 'boxyard-launcher-'));
  const root = isHoisted ? join(base, 'node_modules/boxyard') : join(base, 'boxyard');
  const nodeDir = isHoisted ? join(base, 'node_modules/node/bin') : join(root, 'node_modules/node/bin');
  const node = join(nodeDir, 'node');
  for (const dir of [nodeDir, join(root, 'dist/cli')]) await mkdir(dir, {recursive: true});
  await cp(join(repository, 'bin'), join(root, 'bin'), {recursive: true});
  await chmod(join(root, 'bin/boxyard'), 0o755);
  await symlink(process.execPath, node);
  await writeFile(join(root, 'package.json'), '{"type": "module"}');
  await writeFile(join(root, 'dist/cli/run.js'), tellsAboutItself);
  return {root, node, launcher: join(root, 'bin/boxyard'), [Symbol.asyncDispose]: () => rm(base, {recursive: true, force: true})};
}
