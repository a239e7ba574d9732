import {execFile} from 'node:child_process';
import {cp, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {repository} from '../../scripts/lint/addresses.ts';

interface Outcome {
  readonly code: number | string;
  readonly output: string;
}
const setup = (root: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  new Promise<Outcome>(resolve =>
    execFile('/bin/sh', [join(root, 'scripts/setup.sh'), ...args], {env}, (error, stdout, stderr) =>
      resolve({code: error?.code ?? 0, output: stdout + stderr}),
    ),
  );

describe('scripts/setup.sh', () => {
  test('says nothing and changes nothing where nothing is missing', async () => {
    await setup(repository, []);
    expect(await setup(repository, [])).toEqual({code: 0, output: ''});
  });

  test('without root it names the exact command for what is missing, and fails', async () => {
    await using machine = await bareMachine({uid: 1000});
    const {code, output} = await setup(machine.root, [], machine.env);
    expect(code).toBe(1);
    expect(output).toContain('sudo apt-get update && sudo apt-get install -y redis-server');
  });

  test('it puts the command on PATH and says where, the first time', async () => {
    await using machine = await bareMachine({uid: 1000, has: ['redis-server']});
    const first = await setup(machine.root, [], machine.env);
    expect(first).toEqual({code: 0, output: expect.stringContaining(join(machine.home, '.local/bin'))});
    expect(existsSync(join(machine.home, '.local/bin/boxyard'))).toBe(true);
    expect(await setup(machine.root, [], machine.env)).toEqual({code: 0, output: ''});
  });

  test('an argument it does not know is refused', async () => {
    expect(await setup(repository, ['--everything'])).toMatchObject({code: 2, output: expect.stringContaining('--tests')});
  });
});

/** A checkout whose packages and build are there, on a machine that has the named programs beside the usual small ones. */
async function bareMachine({uid, has = []}: {readonly uid: number; readonly has?: readonly string[]}) {
  const root = await mkdtemp(join(tmpdir(), 'boxyard-setup-'));
  const at = (path: string) => join(root, path);
  for (const dir of ['programs', 'home', 'dist', '.cache', 'bin', 'scripts', 'packages/core/src', 'node_modules/node/bin'])
    await mkdir(at(dir), {recursive: true});
  for (const file of ['scripts/setup.sh', 'package.json', 'package-lock.json', 'bin/boxyard']) await cp(join(repository, file), at(file));
  const usual = ['dirname', 'cksum', 'cat', 'find', 'head', 'mkdir', 'ln', 'uname', 'sed'];
  for (const name of usual) await symlink(existsSync(`/usr/bin/${name}`) ? `/usr/bin/${name}` : `/bin/${name}`, at(`programs/${name}`));
  const program = (path: string, text: string) => writeFile(at(path), `#!/bin/sh\n${text}\n`, {mode: 0o755});
  for (const name of ['apt-get', 'npm', ...has]) await program(`programs/${name}`, 'exit 1');
  await program('programs/id', `echo ${uid}`);
  await program('node_modules/node/bin/node', 'exit 0');
  for (const file of ['node_modules/.package-lock.json', '.cache/build']) await writeFile(at(file), '');
  return {
    root,
    home: at('home'),
    env: {PATH: at('programs'), HOME: at('home')},
    [Symbol.asyncDispose]: () => rm(root, {recursive: true, force: true}),
  };
}
