import type {JobView} from '@boxyard/core/api';
import type {Attempt, FromAgent} from '@boxyard/core/protocol';
import {Lab} from '../lab/lab.ts';
import {joinAs, ScriptedAgent} from '../lab/scripted-agent.ts';
import {waitFor, waitUntil} from '../lab/wait-for.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

type Of = {readonly job: string; readonly attempt: Attempt};
const kinds = ['accepted', 'running', 'log', 'finished', 'finished again'] as const;
type Kind = (typeof kinds)[number];
const written = Buffer.from('what it wrote\n');

/** Every order in which the reports of one attempt may come: the first result stays, nothing goes backwards. */
async function permutations({short}: Context): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  await using parts = new AsyncDisposableStack();
  const agent = parts.use(new ScriptedAgent({identity: await joinAs(lab.api, 'orders'), slots: 32}));
  agent.register(await agent.connect());
  const orders = permute(kinds).filter((_, i) => !short || i % 13 === 0);
  for (const order of orders) await oneOrder(lab, agent, order);
  return {jobs: orders.length, figures: {orders: orders.length}};
}

async function oneOrder(lab: Lab, agent: ScriptedAgent, order: readonly Kind[]): Promise<void> {
  const {id} = await lab.api.must<JobView>('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}});
  const start = await agent.wait('job.start', message => message.job === id);
  const of = {job: id, attempt: start.attempt};
  const first = order.find(kind => kind.startsWith('finished'))!;
  const ranks: number[] = [];
  const rank = {queued: 0, sent: 1, running: 2, ended: 3};
  for (const kind of order) {
    if (kind === 'log') await sendLog(agent, of);
    else agent.send(report(kind, of, agent.asOf));
    ranks.push(rank[(await lab.api.job(id)).state]);
  }
  await waitFor(() => agent.all('job.stored').filter(message => message.job === id).length > 0, {
    within: 10_000,
    what: 'the result is acknowledged',
  });
  const view = await waitUntil(
    () => lab.api.job(id),
    job => job.state === 'ended',
    {within: 10_000, what: `${order.join(', ')} ends`},
  );
  const told = order.join(', ');
  expectEqual(view.exit, {code: first === 'finished' ? 1 : 2}, `exit after ${told}`);
  const whole = await waitUntil(
    () => lab.api.job(id),
    job => job.have?.stdout === written.length,
    {within: 10_000, what: `the log after ${told} is stored`},
  );
  expectThat(whole.logsComplete === true, `the log after ${told} is not complete`);
  expectEqual((await lab.api.logs(id)).toString(), written.toString(), `the log after ${told}`);
  expectThat(
    ranks.every((value, i) => i === 0 || value >= ranks[i - 1]!),
    `states after ${told} went backwards: ${ranks.join(' ')}`,
  );
  agent.send({type: 'outbox.done', upTo: start.entry});
}

let streams = 0;

async function sendLog(agent: ScriptedAgent, of: Of): Promise<void> {
  streams += 1;
  const stream = streams;
  agent.send({type: 'output.open', stream, ...of, name: 'stdout'});
  await agent.wait('job.have', message => message.stream === stream);
  agent.sendData(stream, 0, written);
}

const report = (kind: Exclude<Kind, 'log'>, of: Of, asOf: number, stdout = written.length): FromAgent =>
  kind === 'accepted' || kind === 'running'
    ? {type: 'job.update', ...of, state: kind, phases: []}
    : {
        type: 'job.result',
        ...of,
        exit: {code: kind === 'finished' ? 1 : 2},
        logEnd: {stdout, stderr: 0, log: 0},
        gaps: [],
        phases: [],
        asOf,
      };

/** Reports about jobs of nobody, of another attempt, of another worker: acknowledged or refused, never believed. */
async function strangers(): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  await using parts = new AsyncDisposableStack();
  const one = parts.use(new ScriptedAgent({identity: await joinAs(lab.api, 'one'), slots: 4}));
  one.register(await one.connect());
  await waitUntil(
    () => lab.api.workers(),
    list => list[0]?.engines.length === 1,
    {within: 10_000, what: 'the worker is registered'},
  );
  const {id} = await lab.api.must<JobView>('POST', '/v1/jobs', {body: {engine: 'process', command: ['true'], worker: 'one'}});
  const start = await one.wait('job.start', message => message.job === id);
  const two = parts.use(new ScriptedAgent({identity: await joinAs(lab.api, 'two'), slots: 4}));
  two.register(await two.connect());
  two.send(report('finished', {job: id, attempt: start.attempt}, 1));
  two.send(report('finished', {job: `j-${'b'.repeat(26)}`, attempt: start.attempt}, 2));
  one.send(report('finished', {job: id, attempt: {number: 1, id: 'f'.repeat(32)}}, 1));
  one.send(report('running', {job: id, attempt: start.attempt}, 2));
  await waitUntil(
    () => lab.api.job(id),
    job => job.state === 'running',
    {within: 10_000, what: 'the true report counts'},
  );
  one.send(report('finished again', {job: id, attempt: start.attempt}, 3, 0));
  const view = await waitUntil(
    () => lab.api.job(id),
    job => job.state === 'ended',
    {within: 10_000, what: 'the job ends'},
  );
  expectEqual(view.exit, {code: 2}, 'exit by the worker that had the attempt');
  return {jobs: 1};
}

/** Cancelled while its dispatch is on the way: a tombstone meets it, and the job never starts twice. */
async function cancelOvertakesDispatch(): Promise<Told> {
  await using lab = await Lab.open();
  const worker = lab.workers[0]!;
  for (let i = 0; i < 8; i += 1) {
    const {id} = await lab.submit({key: `o${i}`, lines: 100, rate: 10});
    await lab.api.must('POST', `/v1/jobs/${id}/cancel`);
    const view = await lab.ended(id, 20_000);
    expectEqual(view.outcome, 'cancelled', `outcome of a job cancelled at once on ${worker.name}`);
  }
  return {jobs: 8};
}

const permute = <T>(list: readonly T[]): T[][] =>
  list.length < 2
    ? [[...list]]
    : list.flatMap((head, i) => permute([...list.slice(0, i), ...list.slice(i + 1)]).map(rest => [head, ...rest]));

export const b15: readonly Scenario[] = [
  {
    name: 'B15 reports in every order',
    fault: 'permutations of accepted, running, log, result, result',
    invariants: 'I1',
    isShort: true,
    run: permutations,
  },
  {name: 'B15 reports of strangers', fault: 'foreign job, attempt, worker', invariants: 'I1', isShort: true, run: strangers},
  {name: 'B15 cancel overtakes dispatch', fault: 'cancel at once', invariants: 'I1 I2', isShort: true, run: cancelOvertakesDispatch},
];
