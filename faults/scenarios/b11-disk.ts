import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {machineEnv} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {waitUntil} from '../lab/wait-for.ts';
import {during} from '../primitives/fault.ts';
import {smallDisk} from '../primitives/small-disk.ts';
import {expectEqual} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

const needsRoot = async () => (process.getuid?.() === 0 ? undefined : 'mounting a small file system needs root');

/** The agent's disk fills up in the middle of jobs: results are right, logs are whole or have gaps that say so, no new work comes. */
async function full(): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  const dir = lab.makeDir('small');
  const {XDG_DATA_HOME, XDG_STATE_HOME} = machineEnv(dir);
  await using data = await smallDisk(XDG_DATA_HOME!, 8);
  await using state = await smallDisk(XDG_STATE_HOME!, 8);
  const worker = await lab.addWorker({name: 'small', dir});
  await Promise.all([0, 1].map(i => lab.submit({key: `d${i}`, lines: 60, rate: 10, exit: 3 + i})));
  for (const {id} of lab.accepted) await lab.running(id);
  const heal = [data.full(), state.full()];
  await heal[0]!.inject();
  await during(heal[1]!, async () => {
    await lab.submit({key: 'flood', lines: 3}).catch(() => undefined);
    for (const {id} of lab.accepted.slice(0, 2)) {
      await waitUntil(
        () => lab.api.job(id),
        job => job.state === 'ended' || (job.logEnd === undefined && worker.program.isRunning),
        {within: 10_000, what: 'the job goes on'},
      );
    }
    await delayFor(3_000);
    await heal[0]!.heal();
  });
  if (!worker.program.isRunning) worker.start();
  for (const {id, plan} of lab.accepted) expectEqual((await lab.ended(id, 60_000)).exit, {code: plan.exit ?? 0}, `the exit of ${plan.key}`);
  await mustHold(lab, {within: 60_000});
  return {jobs: lab.accepted.length};
}

/** A job that writes more than the disk holds. */
async function flood(): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  const dir = lab.makeDir('small');
  const {XDG_DATA_HOME} = machineEnv(dir);
  await using data = await smallDisk(XDG_DATA_HOME!, 8);
  await lab.addWorker({name: 'small', dir});
  void data;
  await lab.submit({key: 'flood', lines: 1_500_000, exit: 3});
  await mustHold(lab, {within: 120_000});
  return {jobs: 1};
}

export const b11: readonly Scenario[] = [
  {name: 'B11 the agent’s disk is full', fault: 'F13 8 MiB, filled mid-job', invariants: 'I1–I3 I5 I6 I8', whyNot: needsRoot, run: full},
  {name: 'B11 more output than disk', fault: 'F13 8 MiB, 24 MB of output', invariants: 'I1–I3 I5 I6 I8', whyNot: needsRoot, run: flood},
];
