import {chown, mkdir, rename, rm} from 'node:fs/promises';
import type {Box, BoxSpec, Labels} from '@boxyard/core/plugin-api';
import {findTree, killTree} from '../process-tree.ts';
import {runAs} from './as-user.ts';
import {boxDir, listBoxNames, makeBoxDir, programsOf, readKept, type BoxDir} from './box-dir.ts';
import {faultOf} from './errors.ts';
import type {Identity, Place} from './identity.ts';
import {startMain} from './main-start.ts';
import {readOutput} from './main-output.ts';
import {markerOf, recordKilled, stateOf, waitForEnd} from './main-state.ts';
import {keptOf} from './spec.ts';
import {makeWork, withVolumes} from './volumes.ts';

export const createBox = async (place: Place, spec: BoxSpec, signal: AbortSignal): Promise<Box> => {
  const {host} = place;
  const asked = keptOf(spec, host);
  const dir = dirOf(place, spec.name);
  signal.throwIfAborted();
  try {
    const kept = {...asked, env: await withVolumes(place, spec)};
    // The box first: a folder without one, left by a crash, would never be found again.
    if (!(await makeBoxDir(dir, kept))) return await adopt(place, dir, spec);
    await makeWorkspace(place.identity, dir).catch(async (error: unknown) => {
      await rm(dir.dir, {recursive: true, force: true});
      throw error;
    });
    // Taken away meanwhile, by whoever gave up on this call: folders made behind that would be nobody's.
    if ((await readKept(dir)) === undefined) {
      await removeFolders(dir);
      throw host.fault('not-found', `${spec.name} was removed while it was made`);
    }
    return boxOf(place, dir, spec.labels);
  } catch (error) {
    throw faultOf(host, error, `create ${spec.name}`);
  }
};

/** Ours, made before a crash that may have come before its folder; or somebody else's. */
const adopt = async (place: Place, dir: BoxDir, {name, labels}: BoxSpec): Promise<Box> => {
  const found = await findBox(place, name);
  const isSame = found !== undefined && Object.entries(labels).every(([key, value]) => found.labels[key] === value);
  if (!isSame) throw place.host.fault('conflict', `another box has the name ${name}`);
  await makeWorkspace(place.identity, dir);
  return found;
};

export const findBox = async (place: Place, name: string): Promise<Box | undefined> => {
  const dir = dirOf(place, name);
  const kept = await readKept(dir);
  return kept === undefined ? undefined : boxOf(place, dir, kept.labels);
};

export const listBoxes = async (place: Place, labels: Labels): Promise<readonly Box[]> => {
  const names = await listBoxNames(place.host.stateDir);
  const all = await Promise.all(names.map(name => findBox(place, name)));
  return all.filter(box => box !== undefined && Object.entries(labels).every(([key, value]) => box.labels[key] === value)) as Box[];
};

const dirOf = ({identity, host}: Place, name: string): BoxDir => {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) throw host.fault('invalid', `${JSON.stringify(name)} is not a box name`);
  return boxDir(host.stateDir, identity.work, name);
};

/** Each workspace is its user's own. */
const makeWorkspace = async (identity: Identity, {workspace}: BoxDir): Promise<void> => {
  await makeWork(identity);
  for (const folder of [workspace, programsOf(workspace)]) {
    await mkdir(folder, {mode: 0o700}).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (identity.drop !== undefined) await chown(folder, identity.drop.uid, identity.drop.gid);
  }
};

const boxOf = (place: Place, dir: BoxDir, labels: Labels): Box => ({
  name: dir.name,
  labels,
  inspect: () => stateOf(dir),
  start: (stdin, signal) => (signal.throwIfAborted(), startMain(dir, place.identity, place.host, stdin)),
  stop: (graceMs, signal) => stop(place, dir, graceMs, signal),
  remove: signal => remove(place, dir, signal),
  wait: signal => waitForEnd(dir, place.host, signal),
  output: (from, signal) => readOutput(dir, place.host, from, signal),
});

const stop = async ({host}: Place, dir: BoxDir, graceMs: number, signal: AbortSignal): Promise<void> => {
  if ((await stateOf(dir)).is !== 'running') return;
  const isHeld = (await readKept(dir))?.main === 'hold';
  if (graceMs > 0) {
    const found = await killTree(markerOf(dir), 'SIGTERM');
    if (found > 0 || isHeld) await endWithin(dir, graceMs, isHeld, signal);
  }
  await recordKilled(dir, isHeld ? 0 : 137);
  await killTree(markerOf(dir), 'SIGKILL');
  await waitForEnd(dir, host, signal);
};

/** Returns when the main process is over, or for a box that only holds a folder when all it ran is; or after the grace. */
const endWithin = async (dir: BoxDir, graceMs: number, isHeld: boolean, signal: AbortSignal): Promise<void> => {
  const until = performance.now() + graceMs;
  while (performance.now() < until) {
    signal.throwIfAborted();
    const isOver = isHeld ? (await findTree(markerOf(dir))).length === 0 : (await stateOf(dir)).is !== 'running';
    if (isOver) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
};

const remove = async ({identity, host}: Place, dir: BoxDir, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  await killTree(markerOf(dir), 'SIGKILL');
  // As the user whose files they are: root must not follow what a program put there.
  await runAs(identity, ['rm', '-rf', '--', dir.workspace, programsOf(dir.workspace)], {
    host,
    doing: `remove ${dir.name}`,
    isTolerant: true,
  });
  await removeFolders(dir);
  const gone = `${dir.dir}.removed-${process.pid}-${Date.now()}`;
  await rename(dir.dir, gone).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(gone, {recursive: true, force: true});
  // Once more, for one that was still being made: what it makes from now on it sees that it is gone, and takes back.
  await removeFolders(dir);
};

const removeFolders = async ({workspace}: BoxDir): Promise<void> => {
  for (const folder of [workspace, programsOf(workspace)]) await rm(folder, {recursive: true, force: true});
};
