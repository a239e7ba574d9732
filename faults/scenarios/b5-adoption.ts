import type {JobView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {Lab} from '../lab/lab.ts';
import type {EngineView} from '../lab/engine-view.ts';
import {must} from '../lab/run-command.ts';
import {waitFor} from '../lab/wait-for.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

type Engine = 'docker' | 'podman';

/**
 * The agent is killed with jobs that run on, jobs that end and jobs whose containers are taken away while it is gone, beside a
 * container of nobody's and one of another agent's. Started again it tells the truth of each and touches no stranger's.
 */
async function adopt(engine: Engine, {short}: Context): Promise<Told> {
  await using lab = await Lab.open({containers: [engine], workers: [{engines: [engine]}]});
  const view = lab.engines.get(engine)!;
  const image = await view.ledgerImage();
  await using foreign = await strangers(view, image, lab.root);
  const [running, ending] = short ? [2, 1] : [10, 5];
  const submit = (key: string, lines: number, exit: number) => lab.submit({key, lines, rate: 10, exit}, {engine});
  await Promise.all(Array.from({length: running}, (_, i) => submit(`run${i}`, 120, i % 3)));
  await Promise.all(Array.from({length: ending}, (_, i) => submit(`end${i}`, 40, 4)));
  const doomed = await submit('gone', 400, 0);
  for (const {id} of lab.accepted) await lab.running(id);

  const worker = lab.workers[0]!;
  await worker.program.kill();
  const box = await waitFor(async () => (await view.list({'io.boxyard.job': doomed.id}))[0], {
    within: 10_000,
    what: 'the container of the doomed job',
  });
  await view.remove(box.name);
  await waitFor(
    async () =>
      (
        await Promise.all(lab.accepted.filter(job => job.plan.key.startsWith('end')).map(job => view.list({'io.boxyard.job': job.id})))
      ).every(list => list[0]?.state === 'exited'),
    {within: 20_000, what: 'the short jobs end while the agent is away'},
  );
  worker.start();
  const view2 = await lab.ended(doomed.id);
  expectThat(view2.outcome === 'lost' || view2.outcome === 'failed', `a job whose container was removed by hand is ${view2.outcome}`);
  await mustHold(lab, {
    expect: job => (job.plan.key === 'gone' ? {outcomes: ['lost', 'failed'], log: 'prefix'} : {}),
  });
  expectEqual(await foreign.still(), foreign.names, 'containers that are not ours and were there before');
  return {jobs: lab.accepted.length};
}

/** A container without a label, and one with our labels and another agent's name. */
async function strangers(
  view: EngineView,
  image: string,
  root: string,
): Promise<AsyncDisposable & {names: string[]; still(): Promise<string[]>}> {
  const tag = root.split('-').at(-1)!.toLowerCase();
  const names = [`plain-${tag}`, `other-${tag}`];
  const labels = [
    '--label',
    'io.boxyard.agent=another-machine',
    '--label',
    'io.boxyard.job=j-aaaaaaaaaaaaaaaaaaaaaaaaaa',
    '--label',
    'io.boxyard.kind=job',
  ];
  await view.cli('run', '-d', '--name', names[0]!, image, 'sleep', '600');
  await view.cli('run', '-d', '--name', names[1]!, ...labels, image, 'sleep', '600');
  return {
    names,
    still: async () => {
      const running = (await view.cli('ps', '--format', '{{.Names}}')).split('\n');
      return names.filter(name => running.includes(name));
    },
    async [Symbol.asyncDispose]() {
      await view.cli('rm', '-f', ...names);
    },
  };
}

/** The machine loses power: agent, session host and every container at once. Nothing hangs, nothing is called a success. */
async function reboot(engine: Engine): Promise<Told> {
  await using lab = await Lab.open({containers: [engine], workers: [{engines: [engine]}]});
  const ids = (await Promise.all([0, 1, 2].map(i => lab.submit({key: `boot${i}`, lines: 600, rate: 10}, {engine})))).map(job => job.id);
  for (const id of ids) await lab.running(id);
  const worker = lab.workers[0]!;
  await worker.program.killGroup();
  for (const {pid} of lab.processes(/session-host/)) process.kill(pid, 'SIGKILL');
  const boxes = (await lab.ownContainers()).map(box => box.name);
  await must([engine, 'kill', ...boxes]);
  worker.start();
  const views: JobView[] = [];
  for (const id of ids) views.push(await lab.ended(id));
  expectThat(
    views.every(job => job.outcome === 'failed' || job.outcome === 'lost'),
    `outcomes after a power cut: ${views.map(job => job.outcome).join(', ')}`,
  );
  await mustHold(lab, {expect: () => ({outcomes: ['failed', 'lost'], log: 'prefix'})});
  return {jobs: ids.length};
}

export const b5: readonly Scenario[] = (['docker', 'podman'] as const).flatMap(engine => [
  {
    name: `B5 adoption after kill -9 of the agent (${engine})`,
    fault: 'F7 agent; container removed by hand; strangers beside',
    invariants: 'I1 I2 I3 I5 I6 I8',
    isShort: engine === 'docker',
    run: (context: Context) => adopt(engine, context),
  },
  {
    name: `B5 the machine loses power (${engine})`,
    fault: 'F7 of everything on the machine',
    invariants: 'I1 I2 I5 I6 I8',
    run: () => reboot(engine),
  },
]);
