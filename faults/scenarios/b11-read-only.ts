import {join} from 'node:path';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {machineEnv} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor, waitUntil} from '../lab/wait-for.ts';
import {SmallDisk} from '../primitives/small-disk.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

const places = {
  'state directory': (data: string) => data,
  spool: (data: string) => join(data, 'boxyard', 'agent', 'spool'),
} as const;

/**
 * A disk that takes no more writes, which is how the kernel treats one that failed: new work is refused with the reason, what began
 * is not reported as what it is not, and with a disk that is well again it ends as it did.
 */
async function readOnly(place: keyof typeof places): Promise<Told> {
  await using lab = await Lab.open({workers: [], containers: ['docker']});
  const dir = lab.makeDir('failing');
  await using disk = await SmallDisk.mount(places[place](machineEnv(dir)['XDG_DATA_HOME']!), {megabytes: 1_600});
  const worker = await lab.addWorker({name: 'failing', dir, engines: ['process', 'docker']});
  const brief = await lab.submit({key: 'brief', lines: 40, rate: 10, exit: 3}, {engine: 'docker'});
  const long = await lab.submit({key: 'long', lines: 150, rate: 10, exit: 4}, {engine: 'docker'});
  for (const {id} of lab.accepted) await lab.running(id);
  await delayFor(1_000);
  const fault = disk.readOnly();
  await fault.inject();
  // A journal that cannot be written is met by the next job at once; spools are looked at with each heartbeat.
  if (place === 'spool') await delayFor(2_500);
  const waiting = await lab.submit({key: 'waiting', lines: 3}, {request: {worker: 'failing'}});
  const refused = await waitUntil(
    () => lab.api.job(waiting.id),
    job => job.state === 'ended' || job.refusals?.[0]?.code === 'disk',
    {within: 15_000, what: 'a new job waits for a disk that can be written'},
  );
  expectEqual(
    refused.state,
    'queued',
    `a job that came to a disk that cannot be written: ${JSON.stringify([refused.reason, refused.error])}`,
  );
  await delayFor(4_000);
  expectThat(worker.program.isRunning, `the agent ended: ${worker.program.log.slice(-1_500)}`);
  const meanwhile = await lab.api.job(brief.id);
  const isTrue = meanwhile.state !== 'ended' || (meanwhile.exit !== undefined && 'code' in meanwhile.exit && meanwhile.exit.code === 3);
  expectThat(isTrue, `a job whose worker could not write: ${JSON.stringify([meanwhile.outcome, meanwhile.reason, meanwhile.exit])}`);
  await worker.program.kill();
  for (const {pid} of lab.processes(/session-/)) process.kill(pid, 'SIGKILL');
  await waitFor(() => lab.processes(/session-/).length === 0, {within: 5_000, what: 'the session host is gone'});
  await fault.heal();
  worker.start();
  await worker.is(lab.api, 'online');
  // What is read again from the engine's log is said to be.
  await mustHold(lab, {within: 60_000, removedWithin: 90_000});
  expectEqual((await lab.api.job(long.id)).exit, {code: 4}, 'the end of a job that ran through it');
  await worker.program.killGroup();
  return {jobs: lab.accepted.length};
}

const common = {invariants: 'I1–I3 I5 I6 I8', fault: 'F13 read-only, mid-job; F7 agent and session host', whyNot: SmallDisk.whyNot};
export const b11ReadOnly: readonly Scenario[] = (['state directory', 'spool'] as const).map(place => ({
  ...common,
  name: `B11 the agent’s ${place} cannot be written (docker)`,
  run: () => readOnly(place),
}));
