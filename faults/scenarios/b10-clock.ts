import type {JobView, WorkerView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {boxyard, machineEnv} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {must} from '../lab/run-command.ts';
import {waitUntil} from '../lab/wait-for.ts';
import type {Worker} from '../lab/worker.ts';
import {during} from '../primitives/fault.ts';
import {SkewedClock} from '../primitives/skewed-clock.ts';
import {crash} from '../primitives/signals.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface Skewed {
  readonly lab: Lab;
  readonly worker: Worker;
  readonly clock: SkewedClock;
  readonly beganAt: number;
}

async function onSkewedMachine(offsetMs: number, run: (skewed: Skewed) => Promise<Told>): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  const beganAt = Date.now();
  const dir = lab.makeDir('skewed');
  const clock = new SkewedClock(dir, offsetMs);
  const worker = await lab.addWorker({name: 'skewed', dir, env: clock.env});
  return await run({lab, worker, clock, beganAt});
}

/** What a person is told of the machine's clock: by the API, and by `workers show` and `list`. */
async function skewIsShown({lab, worker}: Skewed, offsetMs: number): Promise<void> {
  const seen = await waitUntil(
    () => lab.api.must<WorkerView>('GET', `/v1/workers/${worker.id}`),
    view => Math.abs((view.clockSkewMs ?? 0) - offsetMs) < 2_000,
    {within: 10_000, what: `the skew is shown as ${offsetMs} ms`},
  );
  expectEqual(seen.presence, 'online', 'presence of a worker whose clock is off');
  const env = machineEnv(lab.makeDir('person'), {BOXYARD_SERVER: lab.server.url, BOXYARD_TOKEN: lab.api.token ?? ''});
  const said = offsetMs > 0 ? 'ahead' : 'behind';
  for (const command of [
    ['show', 'skewed'],
    ['list', '-o', 'wide'],
  ]) {
    const text = await must([boxyard, 'workers', ...command], {env});
    expectThat(text.includes(said), `workers ${command.join(' ')} says nothing of the clock: ${text}`);
  }
}

/** Every time that is told of a job is of the server's clock, and in order. */
async function timesAreRight({lab, beganAt}: Skewed, job: JobView): Promise<void> {
  const {createdAt, startedAt, endedAt, phases} = job;
  const marks = [createdAt, startedAt, endedAt].map(at => Date.parse(at ?? ''));
  expectThat(
    marks.every((at, i) => at >= (marks[i - 1] ?? beganAt - 1_000)),
    `times out of order: ${JSON.stringify({createdAt, startedAt, endedAt})}`,
  );
  for (const {name, startedAt: from, endedAt: to} of phases)
    for (const at of [from, to ?? from].map(text => Date.parse(text)))
      expectThat(at >= marks[0]! - 1_500 && at <= marks[2]! + 1_500, `the phase ${name} of ${job.id} is told as ${from} to ${to}`);
  const {marks: came} = await lab.api.must<{marks: {at: number}[]}>('GET', `/v1/jobs/${job.id}/logs/times?stream=stdout`);
  for (const {at} of came)
    expectThat(at >= marks[0]! && at <= marks[2]! + 5_000, `output of ${job.id} is told as of ${new Date(at).toISOString()}`);
}

/** An agent whose clock was never right: its jobs, deadlines, times and presence are as anywhere else. */
const steady = (offsetMs: number) =>
  onSkewedMachine(offsetMs, async skewed => {
    const {lab, worker} = skewed;
    await skewIsShown(skewed, offsetMs);
    const {id} = await lab.submit({key: 'usual', lines: 45, rate: 10, exit: 3, err: true});
    const late = await lab.submit({key: 'late', lines: 2_000, rate: 10}, {request: {timeoutMs: 2_500, graceMs: 300}});
    const began = Date.now();
    const over = await lab.ended(late.id, 15_000);
    const took = Date.now() - began;
    expectThat(
      over.reason?.code === 'deadline' && took > 2_000 && took < 6_000,
      `a deadline of 2.5 s: ${over.reason?.code} after ${took} ms`,
    );
    await timesAreRight(skewed, await lab.ended(id, 20_000));
    // What an agent that is killed was about to remove waits for garbage collection, which is not what is looked at here.
    await delayFor(2_000);
    await during(crash(worker.program), () => delayFor(500));
    await worker.is(lab.api, 'online');
    await lab.submit({key: 'after', lines: 3, exit: 2});
    await mustHold(lab, {expect: job => (job.id === late.id ? {outcomes: ['failed'], exits: [124, 137, 143], log: 'prefix'} : {})});
    const away = lab.record.events.filter(event => event.type === 'worker.lost');
    expectEqual(away.length, 0, 'times that the worker was called lost');
    return {jobs: 3};
  });

/** A jump in the middle of a job with a deadline, and another while the agent waits to connect again. */
const jump = (byMs: number) =>
  onSkewedMachine(0, async skewed => {
    const {lab, worker, clock} = skewed;
    const {id} = await lab.submit({key: 'through', lines: 120, rate: 10, exit: 3}, {request: {timeoutMs: 60_000}});
    const late = await lab.submit({key: 'late', lines: 2_000, rate: 10}, {request: {timeoutMs: 5_000, graceMs: 300}});
    for (const job of [id, late.id]) await lab.running(job);
    const began = Date.now();
    clock.set(byMs);
    await skewIsShown(skewed, byMs);
    const over = await lab.ended(late.id, 20_000);
    expectThat(over.reason?.code === 'deadline', `a deadline over which the clock jumped: ${JSON.stringify(over.reason)}`);
    expectThat(Date.now() - began < 9_000, `a deadline of 5 s took ${Date.now() - began} ms`);
    const short = await lab.submit({key: 'short', lines: 2});
    await timesAreRight(skewed, await lab.ended(short.id));
    await lab.server.program.kill();
    await delayFor(1_500);
    clock.set(-byMs);
    await delayFor(500);
    await lab.server.start();
    await worker.is(lab.api, 'online');
    await skewIsShown(skewed, -byMs);
    await timesAreRight(skewed, await lab.ended(id, 30_000));
    await mustHold(lab, {expect: job => (job.id === late.id ? {outcomes: ['failed'], exits: [124, 137, 143], log: 'prefix'} : {})});
    return {jobs: 3};
  });

const invariants = 'I1–I3 I5 I6 I8';
const in1970 = () => -(Date.now() - 30 * day);
const steadies: readonly (readonly [string, () => number])[] = [
  ['9 minutes ahead', () => 9 * minute],
  ['9 minutes behind', () => -9 * minute],
  ['a year ahead', () => 365 * day],
  ['in 1970', in1970],
];

export const b10: readonly Scenario[] = [
  ...steadies.map(([name, offset]) => ({
    name: `B10 an agent’s clock ${name}`,
    fault: 'F15',
    invariants,
    run: () => steady(offset()),
  })),
  ...[hour, -hour].map(ms => ({
    name: `B10 an agent’s clock jumps an hour ${ms > 0 ? 'ahead' : 'back'}`,
    fault: 'F15 during a job, and back across while it reconnects',
    invariants,
    run: () => jump(ms),
  })),
];
