import {readFileSync, readdirSync} from 'node:fs';
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

/** Deaf to SIGTERM; each of its copies makes more of them without end, also where it may not. A shell that may not fork would give up. */
const bomb = `trap '' TERM; echo 'BEGIN { while (1) system("awk -f /tmp/bomb &") }' >/tmp/bomb; exec awk -f /tmp/bomb 2>/dev/null`;

/**
 * A fork bomb under a limit of processes: what it has grown to is gone with its cancel, within its grace and a while, and all the
 * time the machine, the agent and a job beside it do as they should.
 */
async function forkBomb(engine: 'docker' | 'podman'): Promise<Told> {
  await using lab = await Lab.open({containers: [engine], workers: [{engines: ['process', engine]}]});
  const neighbour = await lab.submit({key: 'neighbour', lines: 100, rate: 10, exit: 3});
  await lab.running(neighbour.id);
  const body = {
    engine,
    image: await lab.engines.get(engine)!.ledgerImage(),
    command: ['sh', '-c', bomb],
    limits: {pids: 64, cpus: 0.5, memoryBytes: 64 * 1024 ** 2},
    graceMs: 1_000,
  };
  const {id} = await lab.api.must<{id: string}>('POST', '/v1/jobs', {body});
  await lab.running(id);
  await waitFor(() => bombsNow() >= 60, {within: 20_000, what: 'the bomb has grown to its limit'});
  expectThat(bombsNow() <= 70, `${bombsNow()} processes under a limit of 64`);
  const inBox = await lab.submit({key: 'beside', lines: 3, exit: 4}, {engine});
  await lab.ended(inBox.id, 20_000);
  const before = Date.now();
  for (const _ of ['once', 'twice']) await lab.api.must('POST', `/v1/jobs/${id}/cancel`);
  const view = await lab.ended(id, 30_000);
  const tookMs = Date.now() - before;
  expectEqual(view.outcome, 'cancelled', 'a fork bomb that was cancelled');
  expectThat(tookMs < 15_000, `the end of a fork bomb took ${tookMs} ms after its cancel, with a grace of 1 s`);
  await waitFor(() => bombsNow() === 0, {within: 15_000, what: 'nothing is left of the bomb'});
  await lab.workers[0]!.is(lab.api, 'online');
  await mustHold(lab);
  return {jobs: 3, figures: {'ended after, ms': tookMs}};
}

/** Processes of the machine that are the bomb. */
const bombsNow = (): number => readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && commandOf(pid).includes('/tmp/bomb')).length;

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
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
  ...(['docker', 'podman'] as const).map(engine => ({
    name: `B16 a fork bomb (${engine})`,
    fault: 'fork bomb at its limit of processes, deaf to SIGTERM, cancelled twice',
    invariants: 'I1–I3 I5 I6 I8',
    run: () => forkBomb(engine),
  })),
  {name: 'B16 deadline without a server', fault: 'F7 server, --timeout', invariants: 'I1–I3 I5 I6 I8', isShort: true, run: deadline},
];
