import type {JobView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {EngineView, type ContainerEngine} from '../lab/engine-view.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {during} from '../primitives/fault.ts';
import {Redis, redisAway, redisCutsClients, redisForgets, redisPauses} from '../primitives/redis.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

/** Redis is away: running jobs go on, submissions are refused at once, and everything resumes by itself. */
async function away(ms: number): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true});
  await Promise.all(Array.from({length: 5}, (_, i) => lab.submit({key: `a${i}`, lines: 40 + ms / 100, rate: 10, exit: i % 3})));
  for (const {id} of lab.accepted) await lab.running(id);
  let refusedMs = 0;
  await during(redisAway(lab.redis), async () => {
    const before = Date.now();
    const refused = await lab.api.call('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}, within: 10_000});
    refusedMs = Date.now() - before;
    expectEqual(refused.status, 503, 'a submission while Redis is away');
    expectThat(Number(refused.headers['retry-after']) > 0, 'the refusal has no Retry-After');
    expectThat(refusedMs < 2_500, `the refusal took ${refusedMs} ms`);
    await delayFor(ms);
    expectThat(lab.server.program.isRunning, 'the server ended');
  });
  const before = Date.now();
  const consumed = await waitFor(() => lab.submit({key: 'after', lines: 2}).catch(() => undefined), {
    within: 30_000,
    what: 'a job is accepted again',
  });
  await lab.ended(consumed.id, 30_000);
  await mustHold(lab, {within: 90_000});
  return {jobs: lab.accepted.length, figures: {'refused in, ms': refusedMs, 'works again in, ms': Date.now() - before}};
}

/**
 * Redis forgets what happened since a moment ago (R3): nothing runs twice under one attempt, nothing that was accepted hangs, and
 * an end that was stored and forgotten comes back as it was.
 */
async function forgets(): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true, workers: [{}, {}]});
  for (let i = 0; i < 4; i += 1) await lab.submit({key: `old${i}`, lines: 80, rate: 10, exit: i % 2});
  const ending = await lab.submit({key: 'ending', lines: 15, rate: 10, exit: 3});
  await lab.running(ending.id);
  const forgetting = redisForgets(lab.redis);
  await forgetting.inject();
  for (let i = 0; i < 4; i += 1) await lab.submit({key: `new${i}`, lines: 60, rate: 10, exit: 2});
  await lab.ended(ending.id);
  await delayFor(500);
  // Nobody may mend anything before it was seen to be broken.
  lab.redisLink.refuse(true);
  lab.redisLink.reset();
  await forgetting.crash();
  const forgotten = await forgottenJobs(lab, lab.redis);
  expectEqual(forgotten.length, 4, 'jobs that Redis forgot');
  expectThat(!(await record(lab.redis, ending.id)).includes('"state":"ended"'), 'Redis still knows the end that it had to forget');
  lab.redisLink.refuse(false);
  await forgetting.heal();
  await lab.server.healthy();
  const gone = await dropGone(lab);
  await mustHold(lab, {within: 90_000, skipHistory: true});
  return {jobs: lab.accepted.length, figures: {'forgotten jobs': forgotten.length, 'of these gone for good': gone}};
}

const record = (redis: Redis, job: string): Promise<string> => redis.cli('get', `{boxyard}:job:${job}`);

async function forgottenJobs(lab: Lab, redis: Redis): Promise<readonly string[]> {
  const records = await Promise.all(lab.accepted.map(async ({id}) => ({id, text: (await record(redis, id)).trim()})));
  return records.filter(each => each.text === '').map(each => each.id);
}

/** What Redis forgot before any agent had it is gone; the rest comes back from the agents' journals. */
async function dropGone(lab: Lab): Promise<number> {
  const known = await waitFor(() => knownJobs(lab), {within: 30_000, what: 'the server answers'});
  const gone = lab.accepted.filter(job => !known.has(job.id) && lab.ledger.starts(job.plan.key).size === 0);
  lab.accepted.splice(0, lab.accepted.length, ...lab.accepted.filter(job => !gone.includes(job)));
  return gone.length;
}

async function knownJobs(lab: Lab): Promise<Set<string>> {
  await delayFor(3_000);
  return new Set((await lab.api.jobs()).map(job => job.id));
}

/** A replica takes over without the last writes of the old primary. */
async function failover(): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true});
  const replica = lab.own(await Redis.create(`${lab.root}/replica`, {replicaOf: lab.redis}));
  await lab.submit({key: 'before', lines: 60, rate: 10, exit: 1});
  await lab.running(lab.accepted[0]!.id);
  await waitFor(async () => (await replica.cli('info', 'replication')).includes('master_link_status:up'), {
    within: 15_000,
    what: 'the replica follows',
  });
  await delayFor(500);
  await replica.cli('replicaof', 'no', 'one');
  await Promise.all(Array.from({length: 10}, (_, i) => lab.submit({key: `lost${i}`, lines: 20, rate: 10})));
  await delayFor(800);
  const forgotten = await forgottenJobs(lab, replica);
  expectEqual(forgotten.length, 10, 'jobs that the new primary does not know');
  lab.redisLink.repoint({port: replica.port});
  lab.redisLink.reset();
  await waitFor(() => lab.submit({key: 'after', lines: 3}).catch(() => undefined), {
    within: 30_000,
    what: 'a job is accepted on the new primary',
  });
  const gone = await dropGone(lab);
  await mustHold(lab, {within: 90_000, skipHistory: true});
  return {jobs: lab.accepted.length, figures: {'unknown to the new primary': forgotten.length, 'of these gone for good': gone}};
}

/** Scripts flushed, clients cut, commands paused: nobody notices more than a pause. */
async function nuisances({short}: Context): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true});
  const jobs = short ? 8 : 30;
  const submitting = (async () => {
    for (let i = 0; i < jobs; i += 1) {
      await waitFor(() => lab.submit({key: `n${i}`, lines: 10, rate: 20}, {key: `n${i}`}).catch(() => undefined), {
        within: 30_000,
        what: `job ${i} is accepted`,
      });
      await delayFor(100);
    }
  })();
  for (const fault of [redisCutsClients(lab.redis), redisPauses(lab.redis, 1_500), redisCutsClients(lab.redis)]) {
    await lab.redis.cli('script', 'flush');
    await during(fault, () => delayFor(500));
  }
  await submitting;
  await mustHold(lab, {within: 60_000});
  return {jobs};
}

/** Started before its Redis, which then loads for a while, the server waits and says so, and works once there is one. */
async function wrongOrder(): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true});
  await lab.redis.slowDown(100);
  await lab.server.program.stop();
  await lab.redis.program.kill();
  lab.server.program.start();
  await waitFor(() => lab.server.program.log.includes('Redis does not answer'), {within: 10_000, what: 'the server says that it waits'});
  lab.redis.program.start();
  await waitFor(async () => (await lab.redis.cli('ping')).includes('LOADING'), {within: 10_000, every: 20, what: 'Redis is loading'});
  await delayFor(500);
  await lab.server.healthy();
  await lab.submit({key: 'late', lines: 3});
  await mustHold(lab);
  return {jobs: 1};
}

async function startDevBox(lab: Lab): Promise<string> {
  const body = {name: 'kept', engine: 'docker', image: await lab.engines.get('docker')!.ledgerImage(), memoryBytes: 64 * 1024 ** 2};
  const {job} = await lab.api.must<{job: JobView}>('POST', '/v1/devboxes', {body});
  expectEqual((await lab.ended(job.id)).outcome, 'succeeded', 'the creation of a DevBox');
  return 'kept';
}

/** By its engine's own word. */
async function devboxRuns(lab: Lab, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const boxes = (await lab.ownContainers()).filter(box => box.engine === 'docker');
  expectEqual(
    boxes.map(box => box.state),
    ['running'],
    'the containers of the DevBox',
  );
}

async function removeDevBox(lab: Lab, name: string): Promise<void> {
  const {job} = await lab.api.must<{job?: JobView}>('POST', `/v1/devboxes/${name}/remove`, {body: {now: true}});
  if (job !== undefined) await lab.ended(job.id);
}

/**
 * An empty Redis by mistake, first under the running server, then at its start, when agents have to be let in anew and are not:
 * they keep their boxes, and all is well when the right one is back (R14).
 */
async function wrongRedis(): Promise<Told> {
  const view = await EngineView.open('docker');
  const engines: readonly ContainerEngine[] = view === undefined ? [] : ['docker'];
  await using lab = await Lab.open({externalRedis: true, containers: engines, workers: [{engines: ['process', ...engines]}]});
  const worker = lab.workers[0]!;
  const devbox = view && (await startDevBox(lab));
  const {id} = await lab.submit({key: 'kept', lines: 250, rate: 10, exit: 3});
  await lab.running(id);
  const empty = lab.own(await Redis.create(`${lab.root}/empty`));
  const point = async (redis: Redis) => {
    lab.redisLink.repoint({port: redis.port});
    lab.redisLink.reset();
  };
  await point(empty);
  await delayFor(4_000);
  expectThat((await empty.cli('dbsize')).trim() !== '0', 'the server never used the empty Redis');
  await lab.server.program.kill();
  await empty.cli('flushall');
  await lab.server.start();
  await waitFor(() => /no connection.*(credential|token)|(credential|token).*no connection/i.test(worker.program.log), {
    within: 10_000,
    what: 'the agent is not let in',
  });
  await delayFor(2_000);
  expectThat(worker.program.isRunning, 'the agent ended because of an empty Redis');
  expectThat(lab.processes(/ledger\.sh --key kept/).length > 0, 'the job ended because of an empty Redis');
  await devboxRuns(lab, devbox);
  await lab.server.program.kill();
  await point(lab.redis);
  await lab.server.start();
  // An unknown credential is asked about again after five minutes (30 s at this scale).
  const kept: JobView = await lab.ended(id, 60_000);
  expectEqual(kept.exit, {code: 3}, 'the exit of the job that ran through it');
  await devboxRuns(lab, devbox);
  if (devbox !== undefined) await removeDevBox(lab, devbox);
  await mustHold(lab, {within: 60_000});
  return {jobs: 1};
}

const all = 'I1–I3 I5 I6 I8';
export const b7: readonly Scenario[] = [
  {name: 'B7 Redis away 3 s', fault: 'F10', invariants: all, isShort: true, run: () => away(3_000)},
  {name: 'B7 Redis away 10 s', fault: 'F10', invariants: all, run: () => away(10_000)},
  {name: 'B7 Redis away 120 s', fault: 'F10', invariants: all, run: () => away(120_000)},
  {name: 'B7 Redis forgets its last writes', fault: 'F10 without the last seconds', invariants: 'I2 I3 I5 I6 I8', run: forgets},
  {name: 'B7 failover with lost writes', fault: 'F11', invariants: 'I2 I3 I5 I6 I8', run: failover},
  {name: 'B7 scripts flushed, clients cut, commands paused', fault: 'F12', invariants: all, isShort: true, run: nuisances},
  {name: 'B7 server before Redis', fault: 'start order; LOADING', invariants: all, isShort: true, run: wrongOrder},
  {name: 'B7 an empty Redis by mistake', fault: 'wrong Redis, twice, then the right one', invariants: all, run: wrongRedis},
];
