import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir, userInfo} from 'node:os';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import type {BoxSpec, Engine} from '@boxyard/core/plugin-api';
import {createHost} from '@boxyard/core/plugin-host';
import plugin from '../../src/engines/process/index.ts';

const isRoot = process.getuid?.() === 0;
const spec: BoxSpec = {name: '', labels: {}, env: {}, stdin: false, limits: {}, mounts: [], ports: [], readOnlyRoot: false};
const start = {stdout: 0, stderr: 0};

interface Opened extends AsyncDisposable {
  readonly engine: Engine;
  readonly stateDir: string;
  readonly config: {enabled: boolean; user: string; root: string};
}

const openEngine = async (change: object = {}): Promise<Opened> => {
  const dir = await mkdtemp(path.join(tmpdir(), 'boxyard-process-'));
  const [stateDir, root] = [path.join(dir, 'state'), path.join(dir, 'work')];
  const config = {enabled: true, user: 'boxyard-job', root, ...change};
  const engine = await plugin.create(
    config,
    createHost('process', stateDir, () => undefined),
  );
  // A program's user must be able to come to its folder.
  if (isRoot) await import('node:fs/promises').then(({chmod}) => chmod(dir, 0o711));
  return {engine, stateDir, config, [Symbol.asyncDispose]: () => rm(dir, {recursive: true, force: true})};
};

const run = async (engine: Engine, main: readonly string[], env: Record<string, string> = {}): Promise<string> => {
  const signal = AbortSignal.timeout(20_000);
  const box = await engine.create({...spec, name: `own-${Math.random().toString(36).slice(2)}`, main, env}, signal);
  await box.start(undefined, signal);
  let text = '';
  for await (const {bytes} of box.output(start, signal)) text += Buffer.from(bytes).toString();
  await box.remove(signal);
  return text;
};

const usable = (await (await openEngine()).engine.probe(AbortSignal.timeout(5_000))).usable;
if (!usable) process.stderr.write('process engine tests skipped: no user boxyard-job\n');

describe('the process engine', () => {
  it('is off unless it was switched on, and says how', async () => {
    await using opened = await openEngine({enabled: false});
    expect(await opened.engine.probe(AbortSignal.timeout(5_000))).toMatchObject({
      usable: false,
      fix: 'boxyard worker join --engine process',
    });
    await expect(opened.engine.create({...spec, name: 'a-1', main: ['true']}, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });

  it('leaves nothing of a box that is removed while it is made', async context => {
    if (!usable) return context.skip();
    await using opened = await openEngine();
    const {engine, config} = opened;
    const signal = AbortSignal.timeout(20_000);
    const main = ['true'];
    // A removal that meets the making at every moment of it; what is there in the end is whole or gone.
    for (let turn = 0; turn < 60; turn += 1) {
      const name = `mid-${turn}`;
      const before = await engine.create({...spec, name, main}, signal);
      const removing = before.remove(signal);
      await delay(turn / 4);
      await Promise.allSettled([removing, engine.create({...spec, name, main}, signal)]);
      if ((await engine.find(name, signal)) === undefined) expect(await readdir(config.root)).not.toContain(name);
      else await (await engine.find(name, signal))!.remove(signal);
    }
    expect((await readdir(config.root)).filter(name => name.startsWith('mid-'))).toEqual([]);
  });

  it('leaves nothing of a box that could not be made, and makes the folder of one whose making was interrupted', async () => {
    await using opened = await openEngine();
    const {engine, stateDir, config} = opened;
    const create = () => engine.create({...spec, name: 'a-1', main: ['true']}, AbortSignal.timeout(5_000));
    await writeFile(config.root, 'in the way');
    await expect(create()).rejects.toThrow();
    expect(await readdir(stateDir)).toEqual([]);
    await rm(config.root);
    await create();
    await rm(path.join(config.root, 'a-1'), {recursive: true});
    await create();
    expect(await readdir(config.root)).toEqual(['a-1', 'a-1.bin']);
  });

  it.runIf(isRoot)('is not usable as root without its user, and says what to type', async () => {
    await using opened = await openEngine({user: 'nobody-has-this-name'});
    expect(await opened.engine.probe(AbortSignal.timeout(5_000))).toMatchObject({
      usable: false,
      fix: expect.stringMatching(/^useradd .*nobody-has-this-name$/),
    });
  });

  it('restricts nothing, and refuses what it would have to', async () => {
    await using opened = await openEngine();
    const signal = AbortSignal.timeout(5_000);
    const probe = await opened.engine.probe(signal);
    if (probe.usable) expect(probe.enforces).toEqual([]);
    const asked: Partial<BoxSpec>[] = [
      {image: 'a:1'},
      {limits: {pids: 1}},
      {network: 'none'},
      {privileges: 'least'},
      {readOnlyRoot: true},
      {user: 'root'},
    ];
    for (const change of asked)
      await expect(
        opened.engine.create({...spec, name: 'a-1', main: ['true'], ...change}, signal),
        JSON.stringify(change),
      ).rejects.toMatchObject({
        fault: usable ? 'unsupported' : 'unavailable',
      });
  });
});

describe.skipIf(!usable)('a program of the process engine', () => {
  it('runs as the unprivileged user, in its own folder, with nothing of our environment', async () => {
    await using opened = await openEngine();
    process.env['BOXYARD_TEST_SECRET'] = 'ours';
    const said = await run(
      opened.engine,
      ['sh', '-c', 'id -un; id -G; pwd; echo "$BOXYARD_WORKSPACE"; env | grep -c BOXYARD_TEST_SECRET; echo "$OWN"'],
      {OWN: 'x'},
    );
    const [user, groups, folder, workspace, leaked, own] = said.split('\n');
    expect(user).toBe(isRoot ? 'boxyard-job' : userInfo().username);
    if (isRoot) expect(groups?.split(' ')).not.toContain('0');
    expect(folder).toBe(workspace);
    expect([leaked, own]).toEqual(['0', 'x']);
  });

  it('cannot read what the engine keeps of its box', async () => {
    await using opened = await openEngine();
    const said = await run(opened.engine, ['sh', '-c', 'cat "$1"/*/spec.json 2>/dev/null; echo done', 'sh', opened.stateDir]);
    if (isRoot) expect(said).toBe('done\n');
    expect((await stat(opened.stateDir)).mode & 0o077).toBe(0);
  });

  it('whose starter is killed with its whole group goes on, and its output and end are found', {timeout: 30_000}, async () => {
    await using opened = await openEngine();
    const index = fileURLToPath(new URL('../../src/engines/process/index.ts', import.meta.url));
    const script = `const {default: plugin} = await import(${JSON.stringify(index)});
      const engine = await plugin.create(${JSON.stringify(opened.config)}, {stateDir: ${JSON.stringify(opened.stateDir)}, log() {}, fault: (c, m) => new Error(m)});
      const signal = AbortSignal.timeout(20000);
      const box = await engine.create(${JSON.stringify({...spec, name: 'orphan-1', main: ['sh', '-c', 'i=0; while [ $i -lt 20 ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done; exit 4']})}, signal);
      await box.start(undefined, signal);
      console.log('started');
      setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {detached: true, stdio: ['ignore', 'pipe', 'inherit']});
    await once(starter.stdout, 'data');
    process.kill(-(starter.pid as number), 'SIGKILL');
    const signal = AbortSignal.timeout(20_000);
    const box = await opened.engine.find('orphan-1', signal);
    expect(await box?.wait(signal)).toEqual({code: 4});
    let text = '';
    for await (const {bytes} of box?.output(start, signal) ?? []) text += Buffer.from(bytes).toString();
    expect(text).toBe(Array.from({length: 20}, (_none, line) => `line ${line}\n`).join(''));
    await box?.remove(signal);
    expect(await readdir(opened.stateDir)).toEqual([]);
    expect(await readdir(opened.config.root)).toEqual([]);
  });

  it.runIf(isRoot && usable)('starts nothing in a folder that its user could not come to', async () => {
    await using opened = await openEngine();
    const closed = path.join(opened.stateDir, 'closed');
    const inside = path.join(closed, 'inside');
    await mkdir(inside, {recursive: true, mode: 0o755});
    await writeFile(path.join(inside, 'theirs'), 'of another', {mode: 0o644});
    await chmod(closed, 0o700);
    const signal = AbortSignal.timeout(20_000);
    const main = await opened.engine.create({...spec, name: 'own-main', main: ['cat', 'theirs'], cwd: inside}, signal);
    await main.start(undefined, signal);
    expect(await main.wait(signal)).toEqual({code: 126});
    const held = await opened.engine.create({...spec, name: 'own-held', main: 'hold'}, signal);
    await held.start(undefined, signal);
    const program = await opened.engine.features.exec!(held, {argv: ['cat', 'theirs'], cwd: inside}, signal);
    let text = '';
    for await (const {stream, bytes} of program.output) if (stream === 'stdout') text += Buffer.from(bytes).toString();
    expect([text, await program.wait()]).toEqual(['', {code: 126}]);
    await Promise.all([main.remove(signal), held.remove(signal)]);
  });
});
