import {randomUUID} from 'node:crypto';
import type {FolderFileView, JobView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {EngineView} from '../lab/engine-view.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

const minute = 60_000;
const image = 'localhost/base:test';
/** Where a copy puts what it made, so that no two runs can mean the same file. */
const build = 'sleep 1; echo $BOXYARD_OUT_DIR > shared/plans/$(echo $BOXYARD_PARENT_ID-$BOXYARD_COPY_INDEX)';

const document = {
  name: 'team',
  folders: ['plans'],
  roles: [
    {
      name: 'builder',
      image,
      memory: '64m',
      command: ['sh', '-c', build],
      each: 'worker',
      overlap: 'queue',
      ifLost: 'wait',
      triggers: {cron: [{schedule: '* * * * *'}]},
    },
    {
      name: 'reader',
      engine: 'process',
      command: ['sh', '-c', 'echo "$BOXYARD_CHANGED_FILES"; echo done > role/log/$BOXYARD_JOB'],
      folders: ['log'],
      overlap: 'queue',
      ifLost: 'wait',
      triggers: {watch: ['shared/plans']},
    },
  ],
};

/**
 * A cluster of two roles on three machines: a schedule and callers from outside start the first, whose files start the second. Server
 * and agents are killed meanwhile, in turn. Every trigger makes one run, every run ends with all its copies, and no file is lost or told
 * of twice.
 */
async function triggers({short, random, log}: Context): Promise<Told> {
  const engines = ['docker', 'podman'] as const;
  const workers = [{engines: ['docker']}, {engines: ['podman']}, {engines: ['docker', 'process']}];
  await using lab = await Lab.open({containers: [...engines], workers});
  await lab.api.must('PUT', '/v1/clusters', {body: {document}});
  const began = Date.now();
  const asked: string[] = [];
  for (let round = 0; round < (short ? 2 : 6); round += 1) {
    asked.push(await callFromOutside(lab));
    await delayFor(random.between(0, 3_000));
    const victim = random.pick(['server', ...lab.workers.map(worker => worker.name)]);
    log(`round ${round}: kill -9 of ${victim}`);
    await killAndStart(lab, victim);
    await allOnline(lab);
    asked.push(await callFromOutside(lab));
    await delayFor(random.between(0, 2_000));
  }
  // At least one minute has to begin, and the schedule ends before what came of it is counted.
  while (Math.floor(Date.now() / minute) === Math.floor(began / minute)) await delayFor(500);
  await delayFor(3_000);
  const ended = Date.now();
  const {cron: _, ...manual} = document.roles[0]!.triggers as {cron: unknown};
  const quiet = {...document, roles: [{...document.roles[0], triggers: manual}, document.roles[1]]};
  await lab.api.must('PUT', '/v1/clusters', {body: {document: quiet}});
  return await settled(lab, {asked, began, ended});
}

/** Asked again with the same key until the server answers, as a caller does that must be heard. */
async function callFromOutside(lab: Lab): Promise<string> {
  const headers = {'idempotency-key': randomUUID()};
  const path = '/api/cluster/team/role/builder/webhook';
  const {job} = await waitFor(() => lab.api.must<{job: string}>('POST', path, {body: {ref: 'main'}, headers, within: 5_000}), {
    within: 40_000,
    what: 'the webhook is answered',
  });
  return job;
}

async function killAndStart(lab: Lab, victim: string): Promise<void> {
  if (victim === 'server') {
    await lab.server.program.kill();
    return lab.server.start();
  }
  const worker = lab.workers.find(each => each.name === victim)!;
  await worker.program.kill();
  worker.start();
}

/** A run of each worker asks those that are there: one that is coming back would be left out, rightly, and counted as missing here. */
const allOnline = (lab: Lab) => Promise.all(lab.workers.map(worker => worker.is(lab.api, 'online')));

interface Played {
  readonly asked: readonly string[];
  readonly began: number;
  readonly ended: number;
}

async function settled(lab: Lab, {asked, began, ended}: Played): Promise<Told> {
  const runsOf = async (role: string) =>
    (await lab.api.must<{items: JobView[]}>('GET', `/v1/clusters/team/runs?role=${role}&limit=200`)).items;
  const open = async () => [...(await runsOf('builder')), ...(await runsOf('reader'))].filter(run => run.state !== 'ended').length;
  await waitFor(async () => (await open()) === 0, {within: 240_000, every: 500, what: 'all runs end'});
  const builders = await runsOf('builder');
  const paths = async (path: string) =>
    (await lab.api.must<{items: FolderFileView[]}>('GET', `/v1/clusters/team/files?path=${path}`)).items.map(file => file.path);
  const files = await paths('shared/plans');
  const readers = await waitFor(
    async () => {
      const runs = await runsOf('reader');
      return runs.every(run => run.state === 'ended') && (await told(lab, runs)).length >= files.length ? runs : undefined;
    },
    {within: 90_000, every: 500, what: 'all files were told of'},
  );
  for (const run of [...builders, ...readers]) {
    expectEqual(run.outcome, 'succeeded', `outcome of ${run.id} (${run.reason?.message ?? run.error?.message ?? 'no reason'})`);
    expectThat(run.endedAt !== undefined, `${run.id} has no end`);
  }
  expectSchedule(builders, began, ended);
  const byWebhook = builders.filter(run => run.origin?.trigger.type === 'webhook').map(run => run.id);
  expectEqual(byWebhook.toSorted(), [...asked].toSorted(), 'runs by webhook');
  const children = builders.flatMap(run => Array.from({length: run.children!.total}, (_, copy) => `shared/plans/${run.id}-${copy}`));
  expectEqual(files, children.toSorted(), 'files that the copies made');
  expectEqual((await told(lab, readers)).toSorted(), files, 'files that the watch told of');
  expectEqual((await paths('roles/reader/log')).length, readers.length, 'what the readers wrote down');
  await mustHold(lab, {within: 30_000, removedWithin: 60_000});
  return {
    jobs: builders.length + children.length + readers.length,
    figures: {'runs of builder': builders.length, 'of reader': readers.length, files: files.length},
  };
}

/** One run for each minute that began, none twice; times that passed while no server was there are made up for once. */
function expectSchedule(runs: readonly JobView[], began: number, ended: number): void {
  const times = runs.flatMap(({origin}) => (origin?.trigger.type === 'cron' ? [Date.parse(origin.trigger.at!)] : []));
  expectEqual(new Set(times).size, times.length, 'times of the schedule that started two runs');
  const due = Math.floor(ended / minute) - Math.floor(began / minute);
  expectEqual(times.length, due, 'runs by the schedule');
}

/** Each file as often as a run was started for it. */
async function told(lab: Lab, readers: readonly JobView[]): Promise<string[]> {
  const logs = await Promise.all(readers.map(run => lab.api.logs(run.id)));
  return logs.flatMap(log => (JSON.parse(log.toString()) as {path: string}[]).map(file => file.path));
}

export const clusters: readonly Scenario[] = [
  {
    name: 'J5 a cluster with cron, webhook and file triggers on three machines',
    fault: 'F7 kill -9 of server and agents in turn',
    invariants: 'I1 I5 I6',
    whyNot: async () => {
      for (const engine of ['docker', 'podman'] as const) {
        await using view = await EngineView.open(engine);
        if (view === undefined) return `${engine} does not answer here`;
      }
      return undefined;
    },
    run: triggers,
  },
];
