import {mustHold} from '../checker/check.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

type Engine = 'process' | 'docker' | 'podman';

/** Cancelled while queued, while sent, while running, while deaf to SIGTERM, after its end, and twice. */
async function everyState(engine: Engine): Promise<Told> {
  await using lab = await Lab.open({containers: engine === 'process' ? [] : [engine], workers: [{engines: ['process', engine], slots: 3}]});
  const cancel = (id: string) => lab.api.must('POST', `/v1/jobs/${id}/cancel`);
  const request = {graceMs: 500};
  const submit = (key: string, plan: object = {}) => lab.submit({key, lines: 2_000, rate: 10, ...plan}, {engine, request});
  const [plain, deaf] = [await submit('plain'), await submit('deaf', {deaf: true})];
  const done = await submit('done', {lines: 2, exit: 4});
  await lab.running(plain.id);
  await lab.running(deaf.id);
  await lab.ended(done.id);
  const sent = await submit('sent');
  await cancel(sent.id);
  const filler = await submit('filler', {lines: 15});
  const queued = await submit('queued');
  expectEqual((await lab.api.job(queued.id)).state, 'queued', 'the fourth job on three slots');
  await cancel(queued.id);
  await waitFor(async () => (await lab.api.logs(deaf.id)).length > 0, {within: 10_000, what: 'the deaf job has set its trap'});
  for (const {id} of [plain, deaf, plain, done]) await cancel(id);
  expectEqual((await lab.ended(done.id)).exit, {code: 4}, 'a job cancelled after its end');
  await lab.ended(filler.id);
  const cancelled = new Set([plain, deaf, sent, queued].map(job => job.id));
  await mustHold(lab, {expect: job => (cancelled.has(job.id) ? {outcomes: ['cancelled'], log: 'prefix'} : {})});
  const unknown = await lab.api.call('POST', `/v1/jobs/j-${'a'.repeat(26)}/cancel`);
  expectThat(unknown.status === 404, `cancel of an unknown job: ${unknown.status}`);
  return {jobs: lab.accepted.length};
}

/** `--timeout` is the agent's own, also when no server is there to ask. */
async function deadline(): Promise<Told> {
  await using lab = await Lab.open();
  const {id} = await lab.submit({key: 'late', lines: 2_000, rate: 10}, {request: {timeoutMs: 3_000, graceMs: 300}});
  await lab.running(id);
  await lab.server.program.kill();
  await waitFor(() => lab.processes(/ledger\.sh/).length === 0, {within: 10_000, what: 'the agent ends the job at its deadline'});
  await lab.server.start();
  const view = await lab.ended(id);
  expectEqual([view.outcome, view.reason?.code], ['failed', 'deadline'], 'a job over its time');
  await mustHold(lab, {expect: () => ({outcomes: ['failed'], exits: [124, 137, 143], log: 'prefix'})});
  return {jobs: 1};
}

export const b16: readonly Scenario[] = [
  ...(['process', 'docker', 'podman'] as const).map(engine => ({
    name: `B16 cancel at every state (${engine})`,
    fault: 'cancel while queued, sent, running, deaf, ended, twice',
    invariants: 'I1–I3 I5 I6 I8',
    isShort: engine !== 'podman',
    run: () => everyState(engine),
  })),
  {name: 'B16 deadline without a server', fault: 'F7 server, --timeout', invariants: 'I1–I3 I5 I6 I8', isShort: true, run: deadline},
];
