import {join} from 'node:path';
import type {JobView} from '@boxyard/core/api';
import {mustHold} from '../checker/check.ts';
import {checkMemory} from '../checker/resources.ts';
import {projectRoot} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
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
  {
    name: 'B17 an engine plugin: output without end and pause',
    fault: 'flood in output',
    invariants: 'I1–I3 I5–I8',
    run: flooding,
  },
];
