import {mustHold} from '../checker/check.ts';
import {waitFor} from '../lab/wait-for.ts';
import {during, type Fault} from '../primitives/fault.ts';
import {hang} from '../primitives/signals.ts';
import {blackHole} from '../primitives/tcp-proxy.ts';
import {expectThat} from './expectations.ts';
import {proxiedLab, type ProxiedLab} from './proxied-lab.ts';
import type {Scenario, Told} from './scenario.ts';

/** 35 s at the scale of the lab, and a moment for looking. */
const noticedWithin = (timeScale: number): number => 35_000 * timeScale + 500;
const scales = {scaled: 0.1, real: 1} as const;

interface Silence {
  readonly timeScale: number;
  readonly fault: (lab: ProxiedLab) => Fault;
  /** Who notices, on its own: the other cannot. */
  readonly by: 'server' | 'agent';
}

/** No FIN, no reset, no byte, in one direction or both: who hears nothing notices, and all goes on when it is over. */
async function silence({timeScale, fault, by}: Silence): Promise<Told> {
  await using lab = await proxiedLab({timeScale});
  const {id} = await lab.submit({key: 'idle', lines: 500 * timeScale + 70, rate: 10, exit: 3});
  await lab.running(id);
  const connections = lab.link.accepted;
  const before = Date.now();
  let noticed = 0;
  await during(fault(lab), async () => {
    if (by === 'server') await lab.workers[0]!.is(lab.api, 'offline');
    else await waitFor(() => lab.link.accepted > connections, {within: 60_000, every: 20, what: 'the agent dials again'});
    noticed = Date.now() - before;
  });
  expectThat(noticed < noticedWithin(timeScale), `the ${by} noticed after ${noticed} ms`);
  await lab.server.healthy();
  await lab.workers[0]!.is(lab.api, 'online');
  await mustHold(lab, {within: 120_000});
  return {jobs: 1, figures: {[`noticed after, ms (scale ${timeScale})`]: noticed}};
}

const both = (lab: ProxiedLab) => blackHole(lab.link);
const oneWay = (direction: 'toServer' | 'toClient') => (lab: ProxiedLab) => blackHole(lab.link, [direction]);

const silences: readonly (Omit<Silence, 'timeScale'> & {readonly name: string; readonly told: string; readonly isShort?: boolean})[] = [
  {name: 'a link that swallows', told: 'F6 black hole', fault: both, by: 'server', isShort: true},
  {name: 'a link that swallows, for the agent', told: 'F6 black hole', fault: both, by: 'agent'},
  {name: 'an agent that is not heard', told: 'F6 black hole, one way', fault: oneWay('toServer'), by: 'server'},
  {name: 'a server that is not heard', told: 'F6 black hole, one way', fault: oneWay('toClient'), by: 'agent'},
  {name: 'a frozen agent', told: 'F8 agent', fault: lab => hang(lab.workers[0]!.program), by: 'server'},
  {name: 'a frozen server', told: 'F8 server', fault: lab => hang(lab.server.program), by: 'agent', isShort: true},
];

export const b12: readonly Scenario[] = Object.entries(scales).flatMap(([scale, timeScale]) =>
  silences.map(({name, told, isShort = false, ...rest}) => ({
    name: `B12 ${name}${scale === 'real' ? ', in real time' : ''}`,
    fault: told,
    invariants: 'I1–I3 I5 I6 I8',
    isShort: isShort && scale === 'scaled',
    run: () => silence({...rest, timeScale}),
  })),
);
