import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {Lab} from '../lab/lab.ts';
import {during} from '../primitives/fault.ts';
import {Network, partition} from '../primitives/namespaces.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

const timeScale = 0.03;
const lostAfterMs = 300_000 * timeScale;

async function isolated(run: (lab: Lab, machine: Awaited<ReturnType<Network['addMachine']>>) => Promise<Told>): Promise<Told> {
  await using network = await Network.create();
  const machine = await network.addMachine('a');
  await using lab = await Lab.open({server: {listenOn: network.gateway}, workers: [{namespace: machine.namespace}, {}], timeScale});
  return await run(lab, machine);
}

/** The three policies in one long silence: `fail` is corrected by the result, `wait` waits, `retry` runs elsewhere and once per attempt. */
const policies = () =>
  isolated(async (lab, machine) => {
    const worker = lab.workers[0]!.name;
    const submit = (key: string, lines: number, request: object) =>
      lab.submit({key, lines, rate: 10, exit: 3}, {request: {worker, ...request}});
    const failing = await submit('fail', 20, {ifLost: 'fail'});
    const waiting = await submit('wait', 20, {ifLost: 'wait'});
    const retried = await lab.submit(
      {key: 'retry', lines: 400, rate: 10, exit: 0},
      {request: {ifLost: 'retry', idempotent: true, retries: 1, workerLabels: {}}},
    );
    for (const {id} of lab.accepted) await lab.running(id);
    const wasOn = (await lab.api.job(retried.id)).worker?.name;
    await during(partition(machine), async () => {
      await lab.workers[0]!.is(lab.api, 'offline', 'lost');
      await lab.workers[0]!.is(lab.api, 'lost');
      const failed = await lab.ended(failing.id, lostAfterMs * 4);
      expectEqual([failed.outcome, failed.source, failed.reason?.code], ['lost', 'server', 'agent_lost'], 'a job with policy fail');
      expectThat((await lab.api.job(waiting.id)).state !== 'ended', 'a job with policy wait ended while nobody could know');
    });
    await lab.workers[0]!.is(lab.api, 'online');
    if (wasOn !== worker) await lab.api.must('POST', `/v1/jobs/${retried.id}/cancel`);
    await mustHold(lab, {
      within: 90_000,
      expect: job => (job.plan.key === 'retry' ? {outcomes: ['succeeded', 'cancelled'], log: 'prefix'} : {}),
    });
    return {jobs: 3};
  });

/** Short silences, and one way only: a blip is a blip. */
const blips = ({short}: Context) =>
  isolated(async (lab, machine) => {
    await Promise.all(Array.from({length: short ? 4 : 12}, (_, i) => lab.submit({key: `b${i}`, lines: 60, rate: 10, exit: i % 4})));
    for (const direction of ['both', 'cannot-speak', 'cannot-hear'] as const) {
      await during(partition(machine, direction), () => delayFor(lostAfterMs / 4));
      await delayFor(500);
    }
    await mustHold(lab, {within: 60_000});
    return {jobs: lab.accepted.length};
  });

/** A cancel during a silence wins when it is over. */
const cancelled = () =>
  isolated(async (lab, machine) => {
    const {id} = await lab.submit({key: 'cancel', lines: 3_000, rate: 10}, {request: {worker: lab.workers[0]!.name}});
    await lab.running(id);
    await during(partition(machine), async () => {
      await lab.api.must('POST', `/v1/jobs/${id}/cancel`);
      const view = await lab.ended(id, 30_000);
      expectEqual(
        [view.outcome, view.source, view.cancelRequested?.confirmed],
        ['cancelled', 'server', false],
        'the cancel while nobody heard it',
      );
    });
    await mustHold(lab, {within: 60_000, expect: () => ({outcomes: ['cancelled'], log: 'prefix'})});
    expectEqual((await lab.api.job(id)).outcome, 'cancelled', 'the outcome after the silence');
    return {jobs: 1};
  });

/** Every worker at once: a network fault, not a loss of machines; nothing is declared lost early. */
const everybody = () =>
  isolated(async (lab, machine) => {
    const {id} = await lab.submit({key: 'all', lines: 200, rate: 10, exit: 3}, {request: {worker: lab.workers[0]!.name}});
    await lab.running(id);
    const other = lab.workers[1]!;
    const mustWait = async (when: string) => {
      const view = await lab.api.job(id);
      expectThat(view.state !== 'ended', `${when} the job is ${view.outcome}: ${view.reason?.message}`);
    };
    await during(partition(machine), async () => {
      await other.program.kill();
      await lab.workers[0]!.is(lab.api, 'offline');
      await delayFor(lostAfterMs * 1.5);
      await mustWait('with every worker gone for long');
      other.start();
      await other.is(lab.api, 'online');
      await delayFor(500);
      await mustWait('as soon as the first worker is back');
    });
    await mustHold(lab, {within: 90_000});
    return {jobs: 1};
  });

const all = 'I1–I3 I5 I6 I8';
export const b8: readonly Scenario[] = [
  {
    name: 'B8 three policies in a long silence',
    fault: 'F1 past lostAfter',
    invariants: all,
    isShort: true,
    whyNot: Network.whyNot,
    run: policies,
  },
  {name: 'B8 short silences', fault: 'F1 F2 below lostAfter', invariants: all, whyNot: Network.whyNot, run: blips},
  {name: 'B8 cancel during a silence', fault: 'F1', invariants: all, whyNot: Network.whyNot, run: cancelled},
  {name: 'B8 everybody at once', fault: 'F1 and F7 of all workers', invariants: all, whyNot: Network.whyNot, run: everybody},
];
