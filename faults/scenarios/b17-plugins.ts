import {join} from 'node:path';
import type {JobView, WorkerView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {checkMemory} from '../checker/resources.ts';
import {projectRoot} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor, waitUntil} from '../lab/wait-for.ts';
import {Worker} from '../lab/worker.ts';
import {supervised} from '../primitives/supervisor.ts';
import type {Misdeed} from '../primitives/hostile-engine.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

interface Deed {
  readonly at: string;
  readonly does: Misdeed;
  readonly env?: Readonly<Record<string, string>>;
  /** How the job may end: the code of its reason. */
  readonly ends: readonly (string | undefined)[];
  /** Times that its agent may go down. */
  readonly crashes?: number;
  readonly timeScale?: number;
}

const module = join(projectRoot, 'faults/primitives/hostile-engine.ts');

/** A job of a misbehaving plugin ends with the plugin's name in what is said of it, and the job beside it ends as it should. */
async function misdeed({at, does, env, ends, crashes = 0, timeScale = 0.1}: Deed): Promise<Told> {
  await using lab = await Lab.open({timeScale, workers: [{engines: ['process', module]}]});
  const [worker] = lab.workers;
  await using supervisor = supervised(worker!.program);
  const neighbour = await lab.submit({key: 'neighbour', lines: 600 * timeScale, rate: 10, exit: 3});
  await lab.running(neighbour.id);
  const body = {engine: 'hostile', image: 'localhost/any:1', env: {HOSTILE_AT: at, HOSTILE_DOES: does, ...env}};
  const {id} = await lab.api.must<JobView>('POST', '/v1/jobs', {body});
  const view = await lab.ended(id, 90_000);
  const said = JSON.stringify([view.outcome, view.reason, view.error]);
  expectThat(ends.includes(view.reason?.code), `the job of the plugin ended ${said}, after ${supervisor.ends} ends of its agent`);
  expectThat(view.reason === undefined || said.includes('hostile'), `the plugin is not named: ${said}`);
  expectThat(supervisor.ends <= crashes, `the agent went down ${supervisor.ends} times: ${worker!.program.log.slice(-2_000)}`);
  const after = await lab.submit({key: 'after', lines: 5, exit: 2});
  await mustHold(lab, {within: 60_000});
  expectEqual((await lab.api.job(after.id)).exit, {code: 2}, 'a job after it');
  return {jobs: 3, figures: {'agent crashes': supervisor.ends}};
}

/** Output without end and without a pause: its session host still serves the others, and the job ends when it is told to. */
async function flooding(): Promise<Told> {
  await using lab = await Lab.open({workers: [{engines: ['process', module]}]});
  const env = {HOSTILE_AT: 'output', HOSTILE_DOES: 'flood', FAKE_SLEEP_MS: '600000'};
  const {id} = await lab.api.must<JobView>('POST', '/v1/jobs', {body: {engine: 'hostile', image: 'localhost/any:1', env}});
  await lab.running(id);
  const neighbour = await lab.submit({key: 'neighbour', lines: 30, rate: 10, exit: 3});
  await waitFor(async () => (await lab.api.logs(neighbour.id)).length > 0, {within: 5_000, what: 'the output of the job beside it comes'});
  await lab.ended(neighbour.id, 10_000);
  expectThat((await lab.api.logs(id)).length > 0, 'nothing of the flood was stored');
  await lab.api.must('POST', `/v1/jobs/${id}/cancel`);
  expectEqual((await lab.ended(id, 20_000)).outcome, 'cancelled', 'the outcome of the flooding job');
  const findings = checkMemory(lab);
  expectEqual(findings, [], 'memory of server and agent');
  await mustHold(lab);
  return {jobs: 2};
}

/** What kills the agent outside of any job: after three deaths the plugin is left out, said to be, and all else goes on. */
async function switchedOff(at: string, does: Misdeed): Promise<Told> {
  await using lab = await Lab.open({workers: []});
  const worker = await Worker.join(lab.api, {
    name: 'w1',
    dir: lab.makeDir('w1'),
    engines: ['process', module],
    env: {...lab.scale, HOSTILE_AT: at, HOSTILE_DOES: does},
  });
  lab.own(worker);
  lab.workers.push(worker);
  await using supervisor = supervised(worker.program);
  const seen = await waitUntil(
    () => lab.api.must<WorkerView>('GET', `/v1/workers/${worker.id}`),
    view => view.presence === 'online' && view.engines.some(engine => !engine.usable && engine.why?.includes('switched off') === true),
    {within: 40_000, what: 'the plugin is switched off'},
  );
  const off = seen.engines.find(engine => !engine.usable);
  expectThat(JSON.stringify(off).includes('hostile') && JSON.stringify(off).includes(at), `it is not named: ${JSON.stringify(off)}`);
  const ends = supervisor.ends;
  await lab.submit({key: 'after', lines: 20, rate: 10, exit: 2}, {request: {worker: 'w1'}});
  await mustHold(lab, {within: 60_000});
  expectEqual(supervisor.ends, ends, 'ends of the agent once the plugin is off');
  return {jobs: 1, figures: {'agent crashes': ends}};
}

const calls = [
  {at: 'load', does: 'die'},
  {at: 'probe', does: 'die'},
  {at: 'probe', does: 'throw-later'},
  {at: 'list', does: 'die'},
] as const;

const deeds: readonly (Deed & {readonly isShort?: boolean})[] = [
  {at: 'create', does: 'throw', ends: ['PLUGIN_FAILED']},
  {at: 'start', does: 'throw', ends: ['PLUGIN_FAILED']},
  {at: 'wait', does: 'throw', ends: ['PLUGIN_FAILED']},
  {at: 'create', does: 'exit', ends: ['PLUGIN_FAILED'], isShort: true},
  {at: 'start', does: 'exit', ends: ['PLUGIN_FAILED']},
  {at: 'create', does: 'die', ends: ['poison'], crashes: 4},
  {at: 'start', does: 'die', ends: ['poison']},
  {at: 'output', does: 'die', ends: ['poison']},
  {at: 'wait', does: 'die', ends: ['poison'], isShort: true},
  {at: 'create', does: 'throw-later', ends: ['poison'], crashes: 4},
  {at: 'create', does: 'nonsense', ends: ['PLUGIN_FAILED']},
  {at: 'inspect', does: 'nonsense', ends: ['PLUGIN_FAILED']},
  {at: 'wait', does: 'nonsense', ends: ['PLUGIN_FAILED']},
  {at: 'output', does: 'nonsense', ends: ['PLUGIN_FAILED', undefined]},
  // 40 s, ten times faster as everything else is.
  {at: 'create', does: 'spin', env: {HOSTILE_MS: '4000'}, ends: [undefined]},
  {at: 'start', does: 'spin', env: {HOSTILE_MS: '4000'}, ends: [undefined]},
  {at: 'create', does: 'spin', env: {HOSTILE_MS: '40000'}, ends: [undefined], timeScale: 1},
  {at: 'create', does: 'allocate', ends: [undefined]},
];

export const b17Plugins: readonly Scenario[] = [
  ...deeds.map(({isShort = false, ...deed}) => ({
    name: `B17 an engine plugin: ${deed.does} in ${deed.at}${deed.timeScale === 1 ? ' for 40 s' : ''}`,
    fault: `${deed.does} in ${deed.at}`,
    invariants: 'I1–I3 I5 I6 I8',
    isShort,
    run: () => misdeed(deed),
  })),
  ...calls.map(({at, does}) => ({
    name: `B17 an engine plugin: ${does} in ${at}, outside of jobs`,
    fault: `${does} in ${at}, each time`,
    invariants: 'I1–I3 I5 I6 I8',
    run: () => switchedOff(at, does),
  })),
  {
    name: 'B17 an engine plugin: output without end and pause',
    fault: 'flood in output',
    invariants: 'I1–I3 I5–I8',
    run: flooding,
  },
];
