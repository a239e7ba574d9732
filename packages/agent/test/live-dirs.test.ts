import {existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {scaled} from '@boxyard/core/config';
import {Scene, runSteps, timeScale, waitFor} from './scene.ts';

const key = 'a'.repeat(64);
const volumes = (scene: Scene) => names(join(scene.dir, 'work')).filter(name => name.endsWith('.volume'));
const kept = (scene: Scene) => names(join(scene.stateDir, 'live'));
const names = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);
const sh = (script: string, live?: string) => ({steps: runSteps(['sh', '-c', script], live === undefined ? {} : {live})});
const until = (file: string) => `n=0; until [ -e "${file}" ]; do n=$((n+1)); [ $n -lt 600 ] || exit 9; sleep 0.1; done`;

test('jobs of one key see what the others write while they run; those of another key, or of none, do not', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const waits = scene.server.start(
    sh(`${until('$BOXYARD_LIVE_DIR/said')}; cat "$BOXYARD_LIVE_DIR/said"; echo > "$BOXYARD_LIVE_DIR/seen"`, key),
  );
  const says = scene.server.start(sh(`echo hello > "$BOXYARD_LIVE_DIR/said"; ${until('$BOXYARD_LIVE_DIR/seen')}`, key));
  expect((await scene.whole(waits.job)).stdout).toBe('hello\n');
  expect((await scene.result(says.job)).exit).toEqual({code: 0});
  const other = scene.server.start(sh('ls -A "$BOXYARD_LIVE_DIR"; echo "$BOXYARD_LIVE_DIR"', 'b'.repeat(64)));
  const none = scene.server.start(sh('echo "${BOXYARD_LIVE_DIR-none}"'));
  expect((await scene.whole(other.job)).stdout).toMatch(/^\/[^\n]+\n$/);
  expect((await scene.whole(none.job)).stdout).toBe('none\n');
  const later = scene.server.start(sh('cat "$BOXYARD_LIVE_DIR/said"', key));
  expect((await scene.whole(later.job)).stdout).toBe('hello\n');
  expect(lstatSync(join(scene.stateDir, 'live')).mode & 0o777).toBe(0o700);
});

test('it goes when no job has used it for its time, after a restart of the agent too, and never while one does', async () => {
  await using scene = await Scene.open();
  const timing = {...scaled(timeScale), offlineAfter: 5_000, query: 5_000, gcEvery: 50, liveKept: 300};
  const agent = await scene.registered({}, {timing});
  const go = join(scene.dir, 'go');
  const {job} = scene.server.start(sh(`echo x > "$BOXYARD_LIVE_DIR/x"; ${until(go)}; ls "$BOXYARD_LIVE_DIR"`, key));
  await waitFor(() => volumes(scene).some(name => existsSync(join(scene.dir, 'work', name, 'x'))));
  await agent.close();
  const [entry] = kept(scene);
  // As if it had begun long ago, before an agent that was away as long.
  utimesSync(join(scene.stateDir, 'live', entry!), 1, 1);
  await scene.agent({}, {timing});
  await waitFor(() => lstatSync(join(scene.stateDir, 'live', entry!)).mtimeMs > 1_000);
  expect(volumes(scene).length).toBe(1);
  writeFileSync(go, '');
  expect((await scene.whole(job)).stdout).toBe('x\n');
  await waitFor(() => volumes(scene).length === 0 && kept(scene).length === 0);
});

test('a link in the place of the directory is not followed: the job fails, and what it leads to stays as it is', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  await scene.result(scene.server.start(sh('true', key)).job);
  const target = join(scene.dir, 'target');
  mkdirSync(target, {mode: 0o700});
  writeFileSync(join(target, 'file'), 'x');
  const [volume] = volumes(scene);
  for (const place of [join(scene.dir, 'work', volume!), join(scene.stateDir, 'live', kept(scene)[0]!), join(scene.stateDir, 'live')]) {
    renameSync(place, `${place}-away`);
    symlinkSync(target, place);
    const {result} = await scene.whole(scene.server.start(sh('ls "$BOXYARD_LIVE_DIR"', key)).job);
    expect(result.error?.message).toContain('directory');
    expect(readdirSync(target)).toEqual(['file']);
    rmSync(place);
    renameSync(`${place}-away`, place);
  }
  expect(lstatSync(target)).toMatchObject({uid: process.getuid?.(), mode: 0o40700});
});

test('an engine that takes no directory of the machine refuses the job by the field of its role; a link for the files is not followed', async () => {
  await using scene = await Scene.open();
  const module = join(scene.dir, 'stranger.mjs');
  writeFileSync(module, stranger);
  const {engines} = scene.config();
  await scene.registered({engines: [{...engines[0]!, module}]});
  const run = async () => (await scene.whole(scene.server.start({engine: 'stranger', ...sh('true', key)}).job)).result.error;
  expect(await run()).toMatchObject({code: 'UNSUPPORTED', message: expect.stringContaining('sameWorker') as string});
  const files = join(scene.stateDir, 'live', `${key}.stranger`, 'files');
  expect(lstatSync(files).mode & 0o777).toBe(0o777);
  rmSync(files, {recursive: true});
  symlinkSync(scene.dir, files);
  const before = lstatSync(scene.dir).mode;
  expect(await run()).toMatchObject({code: 'CONFLICT'});
  expect(lstatSync(scene.dir).mode).toBe(before);
});

/** Our engine without containers, which keeps no volumes here and never took a directory of the machine. */
const stranger = `
import plugin from ${JSON.stringify(join(import.meta.dirname, '../../plugins/src/engines/process/index.ts'))};
const create = async (config, host) => {
  const engine = await plugin.create(config, host);
  const {removeVolume, ...features} = engine.features;
  return {...engine, features};
};
export default {...plugin, name: 'stranger', create};
`;
