import {check, mustHold} from '../checker/check.ts';
import {Lab} from '../lab/lab.ts';
import {must, run} from '../lab/run-command.ts';
import {waitFor, waitUntil} from '../lab/wait-for.ts';
import {during} from '../primitives/fault.ts';
import {EngineProxy, type Wrong} from '../primitives/engine-proxy.ts';
import {expectEqual} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

type Engine = 'docker' | 'podman';

async function proxied(engine: Engine): Promise<{lab: Lab; proxy: EngineProxy}> {
  const lab = await Lab.open({containers: [engine], workers: []});
  try {
    const proxy = lab.own(await EngineProxy.listen(lab.engines.get(engine)!.socketPath, `${lab.root}/engine.sock`));
    const env: Record<string, string> = {[engine === 'docker' ? 'DOCKER_HOST' : 'CONTAINER_HOST']: `unix://${proxy.socketPath}`};
    await lab.addWorker({name: 'w1', engines: [engine], env});
    return {lab, proxy};
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** The engine does what it was asked and says that it did not, or nothing: one container, one start, a true end. */
function wrong(engine: Engine, what: Wrong, call: RegExp, name: string): Scenario {
  return {
    name: `B19 ${engine} answers ${name}`,
    fault: `F17 ${what}`,
    invariants: 'I1–I3 I5 I6 I8',
    isShort: engine === 'docker' && what === 'error-after-success',
    async run() {
      const {lab: opened, proxy} = await proxied(engine);
      await using lab = opened;
      const rule = proxy.answering({method: 'POST', path: call, wrong: what, times: 1});
      await during(rule, async () => {
        const {id} = await lab.submit({key: 'wrong', lines: 20, rate: 20, exit: 3}, {engine});
        await lab.ended(id, 60_000);
        expectEqual(proxy.struck.length, 1, 'wrong answers given');
        // Before the healing, which cuts every call that is on its way.
        // A program that was started ends as it does, with all it said.
        await mustHold(lab, call.source.includes('start') ? {} : {expect: () => ({outcomes: ['failed'], log: 'prefix'})});
      });
      const view = await lab.api.job(lab.accepted[0]!.id);
      return {jobs: 1, figures: {outcome: `${view.outcome} ${JSON.stringify(view.exit ?? view.error?.code)}`}};
    },
  };
}

/** The engine hangs in the list while the agent starts: the agent registers all the same and runs what other engines can. */
async function hungList(engine: Engine): Promise<Told> {
  const {lab: opened, proxy} = await proxied(engine);
  await using lab = opened;
  const worker = lab.workers[0]!;
  await worker.program.kill();
  await during(proxy.answering({method: 'GET', path: /^\/containers\/json/, wrong: 'hang'}), async () => {
    worker.start();
    await worker.is(lab.api, 'online');
    await lab.addWorker({name: 'w2'});
    await lab.submit({key: 'beside', lines: 5});
    await lab.ended(lab.accepted[0]!.id);
  });
  await lab.submit({key: 'later', lines: 5, exit: 2}, {engine});
  await mustHold(lab);
  return {jobs: 2};
}

/** Orphans: a job's container whose job nobody knows is stopped; a DevBox is kept and offered; a stranger's is not touched. */
async function orphans(engine: Engine): Promise<Told> {
  await using lab = await Lab.open({containers: [engine], workers: [{engines: [engine]}], timeScale: 0.02});
  const view = lab.engines.get(engine)!;
  const image = await view.ledgerImage();
  const {id} = await lab.submit({key: 'model', lines: 40, rate: 10}, {engine});
  await lab.running(id);
  const labels = (await waitFor(async () => (await view.list({'io.boxyard.job': id}))[0], {within: 10_000, what: 'the model container'}))
    .labels;
  const tag = lab.root.split('-').at(-1)!.toLowerCase();
  const make = async (name: string, change: Readonly<Record<string, string>>) => {
    const all = Object.entries({...labels, ...change}).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await view.cli('run', '-d', '--name', name, ...all, image, 'sleep', '600');
  };
  const names = [`bx-orphan-job-${tag}`, `bx-orphan-box-${tag}`, `bx-foreign-${tag}`];
  await using _ = {
    async [Symbol.asyncDispose]() {
      await run([engine, 'rm', '-f', ...names]);
    },
  };
  await make(names[0]!, {'io.boxyard.job': `j-${'a'.repeat(26)}`});
  await make(names[1]!, {
    'io.boxyard.job': `j-${'b'.repeat(26)}`,
    'io.boxyard.kind': 'devbox',
    'io.boxyard.devbox': `d-${'c'.repeat(26)}`,
    'io.boxyard.name': 'lost',
  });
  await make(names[2]!, {'io.boxyard.agent': 'another-machine', 'io.boxyard.worker': `w-${'d'.repeat(26)}`});
  const isThere = async (name: string) => (await view.list()).find(seen => seen.name === name);
  await waitFor(async () => (await isThere(names[0]!))?.state !== 'running', {
    within: 40_000,
    every: 500,
    what: 'the orphan of a job is stopped',
  });
  await waitUntil(
    () => lab.api.workers(),
    list => list.some(worker => worker.orphans.some(box => box.name === names[1])),
    {within: 20_000, what: 'the orphaned DevBox is offered'},
  );
  expectEqual((await isThere(names[1]!))?.state, 'running', 'the orphaned DevBox');
  expectEqual((await isThere(names[2]!))?.state, 'running', 'the container of another machine');
  await must([engine, 'rm', '-f', ...names.slice(1)]);
  await mustHold(lab);
  return {jobs: 1};
}

/** Many short execs whose clients hang up: nothing of them stays in the box. */
async function abandonedExecs(engine: Engine): Promise<Told> {
  await using lab = await Lab.open({containers: [engine], workers: [{engines: [engine]}]});
  const image = await lab.engines.get(engine)!.ledgerImage();
  const {job} = await lab.api.must<{job: {id: string}}>('POST', '/v1/devboxes', {
    body: {name: 'web', image, engine, memoryBytes: 128 * 1024 * 1024},
  });
  await lab.ended(job.id);
  const count = 30;
  const execs = await Promise.all(
    Array.from({length: count}, (_, i) =>
      lab.api.must<{id: string}>('POST', '/v1/devboxes/web/exec', {body: {command: ['sh', '-c', `sleep 0.${i % 5}; exit ${i % 3}`]}}),
    ),
  );
  for (const [i, {id}] of execs.entries()) expectEqual((await lab.ended(id)).exit, {code: i % 3}, `exit of exec ${i}`);
  const box = (await lab.engines.get(engine)!.list()).find(seen => seen.labels['io.boxyard.job'] === job.id)!;
  await waitFor(async () => (await must([engine, 'top', box.name])).trim().split('\n').length <= 4, {
    within: 10_000,
    what: 'only the holder runs in the box',
  });
  const {job: removal} = await lab.api.must<{job: {id: string}}>('POST', '/v1/devboxes/web/remove', {body: {now: true}});
  await lab.ended(removal.id);
  expectEqual((await lab.engines.get(engine)!.list({'io.boxyard.job': job.id})).length, 0, 'containers of the removed DevBox');
  expectEqual((await check(lab)).length, 0, 'findings');
  return {jobs: count + 2};
}

const mostly = 'I1–I3 I5 I6 I8';
export const b19: readonly Scenario[] = (['docker', 'podman'] as const).flatMap(engine => [
  wrong(engine, 'error-after-success', /^\/containers\/create/, '500 after create'),
  wrong(engine, 'error-after-success', /^\/containers\/[^/]+\/start/, '500 after start'),
  wrong(engine, 'silent-after-success', /^\/containers\/[^/]+\/start/, 'nothing after start'),
  wrong(engine, 'malformed', /^\/containers\/create/, 'nonsense to create'),
  wrong(engine, 'cut', /^\/containers\/create/, 'half an answer to create'),
  {name: `B19 ${engine} hangs while the agent starts`, fault: 'F17 hang', invariants: mostly, run: () => hungList(engine)},
  {name: `B19 orphans (${engine})`, fault: 'labelled boxes nobody knows', invariants: mostly, run: () => orphans(engine)},
  {name: `B19 abandoned execs (${engine})`, fault: 'no client waits', invariants: mostly, run: () => abandonedExecs(engine)},
]);
