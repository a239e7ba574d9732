import {mkdir, mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {tryContainer} from '../../src/engines/docker-api/trial.ts';
import {thisArchitecture} from '../../src/engines/docker-api/trial-program.ts';
import {findPodman, ownPodman, servicePid} from './own-podman.ts';

const podman = await findPodman();
if (podman === undefined) process.stderr.write('what trials leave on podman skipped: no podman on PATH\n');

it.skipIf(podman === undefined)('a trial on podman leaves nothing in its directory for temporary files', {timeout: 60_000}, async () => {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'boxyard-tmp-'));
  const scratch = path.join(stateDir, 'scratch');
  await mkdir(scratch);
  try {
    const api = await ownPodman(stateDir, {TMPDIR: scratch}).open();
    expect(await tryContainer(api, thisArchitecture(), AbortSignal.timeout(30_000))).toBeDefined();
    expect(await readdir(scratch)).toEqual([]);
  } finally {
    const pid = await servicePid(stateDir);
    if (pid > 0) process.kill(pid, 'SIGKILL');
    await rm(stateDir, {recursive: true, force: true});
  }
});
