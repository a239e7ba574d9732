import {mustHold} from '../checker/check.ts';
import {AgentBench} from '../lab/agent-bench.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {expectedOutput, firstDifference} from '../ledger/expected.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

/** The same dispatch again and again, on one connection and on the next, makes one start and one result. */
async function duplicates(): Promise<Told> {
  await using bench = await AgentBench.open();
  const {server} = bench;
  const plan = {key: 'dup', lines: 40, rate: 20, exit: 3};
  const start = bench.dispatch(plan);
  for (let i = 0; i < 25; i += 1) server.send({...start, entry: `${Date.now()}-${i}`});
  await server.wait('job.update', update => update.state === 'running');
  for (const socket of server.open) socket.terminate();
  await waitFor(() => server.open.length > 0 && server.all('worker.journal').length > 1, {within: 20_000, what: 'the agent comes back'});
  for (let i = 25; i < 50; i += 1) server.send({...start, entry: `${Date.now()}-${i}`});
  const result = await server.wait('job.result');
  expectEqual(result.exit, {code: 3}, 'exit of the job');
  server.send({...start, entry: `${Date.now()}-99`});
  await server.wait('job.result', other => other !== result);
  expectEqual(bench.starts('dup'), 1, 'starts after 51 dispatches of one attempt');
  const stored = server.output.get(`${start.job} stdout`)?.toString() ?? '';
  await waitFor(() => (server.output.get(`${start.job} stdout`)?.length ?? 0) >= result.logEnd.stdout, {
    within: 10_000,
    what: 'the whole log',
  });
  const got = server.output.get(`${start.job} stdout`)?.toString() ?? stored;
  expectThat(
    firstDifference(expectedOutput(plan).stdout, got) === undefined,
    `output: ${firstDifference(expectedOutput(plan).stdout, got)}`,
  );
  await bench.clear();
  return {jobs: 1, figures: {dispatches: 51}};
}

/** An older attempt, or another attempt of the same number, never starts beside the one that is known. */
async function staleAttempts(): Promise<Told> {
  await using bench = await AgentBench.open();
  const {server} = bench;
  const second = bench.dispatch({key: 'stale', lines: 20, rate: 20}, server.attempt(2));
  server.send(second);
  await server.wait('job.update', update => update.state === 'running');
  server.send({...second, attempt: server.attempt(1)});
  const refused = await server.wait('job.refused', message => message.attempt.number === 1);
  expectEqual(refused.job, second.job, 'the refused job');
  await server.wait('job.result');
  expectEqual(bench.starts('stale'), 1, 'starts');
  await bench.clear();
  return {jobs: 1};
}

const crashPoints = ['after-accept', 'after-create', 'after-start', 'before-result'] as const;

/** The agent ends itself between two journal steps; started again, it goes on where it was. */
function crashAt(point: (typeof crashPoints)[number], engine: 'process' | 'docker' | 'podman'): Scenario {
  return {
    name: `B1 agent dies ${point} (${engine})`,
    fault: 'F7 at a crash point',
    invariants: 'I1 I2 I3 I5 I6 I8',
    isShort: engine === 'process',
    async run() {
      await using lab = await Lab.open({containers: engine === 'process' ? [] : [engine], workers: [{engines: ['process', engine]}]});
      const worker = lab.workers[0]!;
      await worker.program.stop();
      worker.start({BOXYARD_CRASH_AT: point});
      await worker.is(lab.api, 'online');
      const {id} = await lab.submit({key: 'crash', lines: 30, rate: 30, exit: 3}, {engine});
      const {signal} = await worker.program.ended();
      expectEqual(signal, 'SIGKILL', `how the agent ended ${point}`);
      worker.start();
      await lab.ended(id);
      await mustHold(lab);
      return {jobs: 1};
    },
  };
}

export const b1: readonly Scenario[] = [
  {
    name: 'B1 one attempt dispatched 51 times',
    fault: 'duplicates over two connections',
    invariants: 'I1 I2 I3',
    isShort: true,
    run: duplicates,
  },
  {name: 'B1 stale attempts', fault: 'an older attempt after a newer one', invariants: 'I2', isShort: true, run: staleAttempts},
  ...crashPoints.map(point => crashAt(point, 'process')),
  ...crashPoints.map(point => crashAt(point, 'docker')),
  ...crashPoints.map(point => crashAt(point, 'podman')),
];
