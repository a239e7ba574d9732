import {mustHold} from '../checker/check.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

/** A job that takes the agent down each time it is started ends as poison, and the job beside it ends as it should. */
async function crashesAgent(): Promise<Told> {
  await using lab = await Lab.open();
  const worker = lab.workers[0]!;
  const neighbour = await lab.submit({key: 'neighbour', lines: 80, rate: 10, exit: 3});
  await lab.running(neighbour.id);
  await worker.program.stop();
  const {id} = await lab.submit({key: 'poison', lines: 5});
  let crashes = 0;
  await waitFor(
    async () => {
      if (!worker.program.isRunning) {
        crashes += 1;
        worker.start({BOXYARD_CRASH_AT: 'after-create'});
      }
      return crashes > 12 || (await lab.api.job(id)).state === 'ended';
    },
    {within: 60_000, what: 'the poison job ends'},
  );
  const view = await lab.api.job(id);
  expectEqual([view.state, view.outcome, view.reason?.code], ['ended', 'failed', 'poison'], `the job after ${crashes} crashes`);
  expectThat(crashes <= 5, `${crashes} starts of the agent were needed`);
  await mustHold(lab, {expect: job => (job.id === id ? {outcomes: ['failed'], log: 'any'} : {})});
  return {jobs: 2, figures: {'agent crashes': crashes}};
}

/** Records that somebody damaged by hand in Redis, of jobs that wait and of one that runs: the rest goes on. */
async function damagedRecord(): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true, workers: []});
  const away = await nobody(lab);
  const keyOf = async (body: object) => {
    const {id} = await lab.api.must<{id: string}>('POST', '/v1/jobs', {body: {engine: 'process', ...body}});
    const key = `{boxyard}:job:${id}`;
    expectThat((await lab.redis.cli('get', key)).includes(id), 'the record is not where it was looked for');
    return {id, key};
  };
  const [noJson, ofAnotherType, empty] = await Promise.all(Array.from({length: 3}, () => keyOf({command: ['true'], worker: away})));
  await lab.redis.cli('set', noJson!.key, '{"v":1,broken');
  await lab.redis.cli('del', ofAnotherType!.key);
  await lab.redis.cli('lpush', ofAnotherType!.key, 'no record');
  await lab.redis.cli('set', empty!.key, '{}');
  await lab.addWorker({name: 'w1'});
  const running = await keyOf({command: ['sleep', '3'], worker: 'w1'});
  await lab.running(running.id);
  await lab.redis.cli('set', running.key, '[1,2,3]');
  for (let i = 0; i < 3; i += 1) await lab.submit({key: `healthy${i}`, lines: 25, rate: 10, exit: 3});
  await lab.workers[0]!.program.stop();
  lab.workers[0]!.start();
  await mustHold(lab, {skipHistory: true, skipReservations: true});
  const listed = (await lab.api.jobs()).map(job => job.id);
  expectThat(
    lab.accepted.every(job => listed.includes(job.id)),
    'a job beside the damaged ones is in no list',
  );
  expectThat(lab.server.program.isRunning, 'the server ended');
  return {jobs: 3};
}

/** A worker that exists and is away. */
async function nobody(lab: Lab): Promise<string> {
  const worker = await lab.addWorker({name: 'away'});
  await worker.program.stop();
  return worker.name;
}

export const b17: readonly Scenario[] = [
  {
    name: 'B17 a job that kills its agent',
    fault: 'F7 after create, each time',
    invariants: 'I1–I3 I5 I6 I8',
    isShort: true,
    run: crashesAgent,
  },
  {
    name: 'B17 damaged records',
    fault: 'job records overwritten in Redis: no JSON, another type, no record',
    invariants: 'I1–I3 I5 I6 I8',
    run: damagedRecord,
  },
];
