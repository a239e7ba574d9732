import {rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import type {DevBoxView, JobView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {agentProgram, machineEnv, serverProgram} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {run} from '../lab/run-command.ts';
import {waitUntil} from '../lab/wait-for.ts';
import {EarlierBuild, earlier} from '../primitives/earlier-build.ts';
import {expectEqual} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

const figures = {'the release before': earlier.slice(0, 7)};

interface Parts {
  readonly server?: string;
  readonly agent?: string;
}

/** One worker with both kinds of engine, of these programs. */
const openLab = async ({server, agent}: Parts): Promise<Lab> => {
  const lab = await Lab.open({workers: [], containers: ['docker'], ...(server ? {server: {program: server}} : {})});
  try {
    await lab.addWorker({name: 'w1', engines: ['process', 'docker'], ...(agent ? {program: agent} : {})});
    return lab;
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
};

/** Work of each kind that both sides know: short, long, in a container, failed, cancelled; the agent dies in the middle of it. */
async function crosswise(lab: Lab): Promise<void> {
  await lab.submit({key: 'short', lines: 20, exit: 3});
  await lab.submit({key: 'long', lines: 80, rate: 10, exit: 4});
  await lab.submit({key: 'box', lines: 80, rate: 10, exit: 5}, {engine: 'docker'});
  const deaf = await lab.api.must<JobView>('POST', '/v1/jobs', {body: {engine: 'process', command: ['sleep', '600']}});
  for (const id of [lab.accepted[1]!.id, lab.accepted[2]!.id, deaf.id]) await lab.running(id);
  const [worker] = lab.workers;
  await worker!.program.kill();
  worker!.start();
  await worker!.is(lab.api, 'online');
  await lab.api.must('POST', `/v1/jobs/${deaf.id}/cancel`);
  expectEqual((await lab.ended(deaf.id, 20_000)).outcome, 'cancelled', 'the outcome of a job that was cancelled');
  await devBox(lab, await lab.engines.get('docker')!.ledgerImage());
  await mustHold(lab, {within: 60_000});
}

async function devBox(lab: Lab, image: string): Promise<void> {
  await lab.api.must('POST', '/v1/devboxes', {body: {name: 'skewed', image, engine: 'docker'}});
  await waitUntil(
    async () => (await lab.api.devboxes()).find(box => box.name === 'skewed') as DevBoxView,
    box => box.state === 'running',
    {within: 40_000, what: 'the DevBox runs'},
  );
  const exec = await lab.api.must<JobView>('POST', '/v1/devboxes/skewed/exec', {body: {command: ['sh', '-c', 'echo in; exit 6']}});
  expectEqual((await lab.ended(exec.id, 20_000)).exit, {code: 6}, 'the end of a command in a DevBox');
  expectEqual((await lab.api.logs(exec.id)).toString(), 'in\n', 'what it printed');
  await lab.api.must('POST', '/v1/devboxes/skewed/remove', {body: {now: true}});
}

const agentOfBefore = async (): Promise<Told> => {
  await using before = await EarlierBuild.of(earlier);
  await using lab = await openLab({agent: before.program('agent')});
  await crosswise(lab);
  const env = machineEnv(lab.makeDir('person'), {BOXYARD_SERVER: lab.server.url, BOXYARD_TOKEN: lab.api.token ?? ''});
  const ran = await run([before.boxyard, 'run', '--engine', 'process', '--', 'sh', '-c', 'echo out; exit 7'], {env});
  expectEqual([ran.code, ran.stdout], [7, 'out\n'], `a run by the CLI of before: ${ran.stderr}`);
  return {jobs: lab.accepted.length, figures};
};

const serverOfBefore = async (): Promise<Told> => {
  await using before = await EarlierBuild.of(earlier);
  await using lab = await openLab({server: before.program('server')});
  await crosswise(lab);
  return {jobs: lab.accepted.length, figures};
};

/** Server first, then the agent, under jobs that run; each is killed and started as what it is now. */
const upgrade = async (): Promise<Told> => {
  await using before = await EarlierBuild.of(earlier);
  const [server, agent] = [join(before.dir, 'server-now.js'), join(before.dir, 'agent-now.js')];
  symlinkSync(before.program('server'), server);
  symlinkSync(before.program('agent'), agent);
  await using lab = await openLab({server, agent});
  const [worker] = lab.workers;
  await lab.submit({key: 'long', lines: 200, rate: 10, exit: 4});
  await lab.submit({key: 'box', lines: 200, rate: 10, exit: 5}, {engine: 'docker'});
  for (const {id} of lab.accepted) await lab.running(id);
  await lab.server.program.kill();
  becomes(server, serverProgram);
  await lab.server.start();
  await worker!.is(lab.api, 'online');
  await lab.submit({key: 'between', lines: 20, exit: 6}, {engine: 'docker'});
  await lab.ended(lab.accepted[2]!.id);
  await worker!.program.kill();
  becomes(agent, agentProgram);
  worker!.start();
  await worker!.is(lab.api, 'online');
  await lab.submit({key: 'after', lines: 20, exit: 7}, {engine: 'docker'});
  // The first agent was killed when a job had just ended: what it was removing then is garbage.
  await mustHold(lab, {within: 60_000, removedWithin: 90_000});
  return {jobs: lab.accepted.length, figures};
};

function becomes(link: string, program: string): void {
  rmSync(link);
  symlinkSync(program, link);
}

const common = {invariants: 'I1–I3 I5 I6 I8', whyNot: EarlierBuild.whyNot};
export const b20: readonly Scenario[] = [
  {...common, name: 'B20 an agent and a CLI of the release before (docker)', fault: 'protocol skew; F7 agent', run: agentOfBefore},
  {...common, name: 'B20 a server of the release before (docker)', fault: 'protocol skew; F7 agent', run: serverOfBefore},
  {...common, name: 'B20 server and agent upgraded under running jobs (docker)', fault: 'F7 server, then agent; other code', run: upgrade},
];
