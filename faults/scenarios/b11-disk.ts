import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {JobView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {machineEnv} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {expectedOutput} from '../ledger/expected.ts';
import {waitUntil} from '../lab/wait-for.ts';
import type {Worker} from '../lab/worker.ts';
import {during} from '../primitives/fault.ts';
import {SmallDisk} from '../primitives/small-disk.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

/** Just more than what an agent wants to see free. */
const megabytes = 1_600;

async function onSmallDisk(run: (lab: Lab, disk: SmallDisk, worker: Worker) => Promise<Told>, engine = 'process'): Promise<Told> {
  await using lab = await Lab.open({workers: [], containers: engine === 'docker' ? [engine] : []});
  const dir = lab.makeDir('small');
  await using disk = await SmallDisk.mount(machineEnv(dir)['XDG_DATA_HOME']!, {megabytes});
  const worker = await lab.addWorker({name: 'small', dir, engines: [engine]});
  try {
    return await run(lab, disk, worker);
  } finally {
    // Before the disk goes: what still runs there holds it.
    await worker.program.killGroup();
  }
}

/** Bytes that gaps for want of room account for. */
const missing = (job: JobView): number =>
  (job.gaps ?? []).filter(gap => gap.reason === 'disk-full').reduce((sum, gap) => sum + gap.to - gap.from, 0);

const refusedForDisk = (lab: Lab, id: string): Promise<JobView> =>
  waitUntil(
    () => lab.api.job(id),
    job => job.state === 'queued' && job.refusals?.[0]?.code === 'disk',
    {within: 10_000, what: 'a new job waits for room on the disk'},
  );

/** Full in the middle of jobs: they end as they should, with gaps that say so; new ones wait; a restart changes nothing of it. */
const full = () =>
  onSmallDisk(async (lab, disk, worker) => {
    const brief = await lab.submit({key: 'brief', lines: 25, rate: 10, exit: 3});
    const long = await lab.submit({key: 'long', lines: 150, rate: 10, exit: 4});
    for (const {id} of lab.accepted) await lab.running(id);
    await during(disk.full(), async () => {
      expectEqual((await lab.ended(brief.id, 15_000)).exit, {code: 3}, 'the end of a job on a full disk');
      const waiting = await lab.submit({key: 'waiting', lines: 3});
      await refusedForDisk(lab, waiting.id);
      await worker.program.kill();
      worker.start();
      await worker.is(lab.api, 'online');
      await delayFor(1_000);
      expectEqual((await lab.api.job(waiting.id)).state, 'queued', 'a job that came to a full disk');
    });
    await mustHold(lab, {within: 60_000});
    const lost = missing(await lab.api.job(long.id));
    expectThat(lost > 0, 'nothing is missing of what was written to a full disk');
    return {jobs: lab.accepted.length, figures: {'bytes in gaps': lost}};
  });

/**
 * A job that writes more than the disk holds. A program of the engine `process` writes to that disk itself and is told that it is
 * full: what it could not write is in no log. Its end is right, and so is what it could.
 */
const flood = (engine: 'process' | 'docker') =>
  onSmallDisk(async (lab, disk) => {
    const {id} = await lab.submit({key: 'flood', lines: 900_000, exit: 3}, {engine});
    await lab.running(id);
    await during(disk.full(12 * 1024 ** 2), async () => {
      expectEqual((await lab.ended(id, 120_000)).exit, {code: 3}, 'the end of a job that filled the disk');
    });
    await mustHold(lab, {within: 120_000, ...(engine === 'process' ? {expect: () => ({log: 'any'})} : {})});
    const view = await lab.api.job(id);
    const lost = missing(view);
    expectThat(lost > 0, `nothing is missing of what did not fit: ${JSON.stringify(view.gaps)}`);
    const written = expectedOutput({lines: 900_000}).stdout;
    expectThat(written.startsWith((await lab.api.logs(id)).toString('latin1', 0, view.gaps![0]!.from)), 'the log is not what was written');
    return {jobs: 1, figures: {'bytes in gaps': lost}};
  }, engine);

/** Room, and no inodes: what began goes on, nothing new comes. */
const inodes = () =>
  onSmallDisk(async (lab, disk) => {
    const {id} = await lab.submit({key: 'long', lines: 80, rate: 10, exit: 4, err: true});
    await lab.running(id);
    await during(disk.outOfInodes(), async () => {
      const waiting = await lab.submit({key: 'waiting', lines: 3});
      await refusedForDisk(lab, waiting.id);
      expectEqual((await lab.ended(id, 30_000)).exit, {code: 4}, 'the end of a job on a disk without inodes');
    });
    await mustHold(lab, {within: 60_000});
    return {jobs: lab.accepted.length};
  });

/** Redis and logs share a disk without room: jobs go on, submissions are refused soon, and all is whole once there is room again. */
async function serverFull(): Promise<Told> {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-small-'));
  try {
    await using disk = await SmallDisk.mount(join(dir, 'data'), {megabytes: 200});
    await using lab = await Lab.open({server: {env: {BOXYARD_DATA_DIR: join(dir, 'data')}}});
    const brief = await lab.submit({key: 'brief', lines: 25, rate: 10, exit: 3});
    const long = await lab.submit({key: 'long', lines: 300, rate: 10, exit: 4});
    for (const {id} of lab.accepted) await lab.running(id);
    let refusedMs = 0;
    await during(disk.full(), async () => {
      const refused = await waitUntil(
        async () => {
          const before = Date.now();
          const answer = await lab.api.call('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}, within: 10_000});
          refusedMs = Date.now() - before;
          return answer;
        },
        answer => answer.status === 503,
        {within: 20_000, what: 'a submission is refused'},
      );
      expectThat(Number(refused.headers['retry-after']) > 0, 'the refusal has no Retry-After');
      expectThat(refusedMs < 2_500, `the refusal took ${refusedMs} ms`);
      await delayFor(8_000);
      expectThat(lab.server.program.isRunning, 'the server ended');
    });
    const before = Date.now();
    const ended = await waitUntil(
      () => lab.api.job(brief.id).catch(() => undefined),
      job => job?.state === 'ended',
      {within: 30_000, what: 'a job that ended meanwhile is known to have'},
    );
    expectEqual(ended?.exit, {code: 3}, 'the end of a job while the server had no room');
    const backMs = Date.now() - before;
    await mustHold(lab, {within: 90_000});
    expectEqual((await lab.api.job(long.id)).exit, {code: 4}, 'the end of a job that went on over it');
    return {jobs: lab.accepted.length, figures: {'refused in, ms': refusedMs, 'works again in, ms': backMs}};
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
}

const common = {invariants: 'I1–I3 I5 I6 I8', whyNot: SmallDisk.whyNot};
export const b11: readonly Scenario[] = [
  {...common, name: 'B11 the agent’s disk is full', fault: 'F13 not a byte left, mid-job; F7 agent', run: full},
  ...(['process', 'docker'] as const).map(engine => ({
    ...common,
    name: `B11 more output than disk (${engine})`,
    fault: 'F13 12 MiB left, 16 MB of output',
    run: () => flood(engine),
  })),
  {...common, name: 'B11 the server’s disk is full', fault: 'F12 F13 Redis cannot write', run: serverFull},
  {...common, name: 'B11 no inodes left', fault: 'F13 inodes, mid-job', run: inodes},
];
