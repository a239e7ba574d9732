import {mustHold} from '../checker/check.ts';
import {during} from '../primitives/fault.ts';
import {hang} from '../primitives/signals.ts';
import {blackHole} from '../primitives/tcp-proxy.ts';
import {expectThat} from './expectations.ts';
import {proxiedLab} from './proxied-lab.ts';
import type {Scenario, Told} from './scenario.ts';

/** Ten times faster than 35 s, and a second for looking. */
const noticedWithin = 4_500;

/** No FIN, no reset, no byte: both sides notice, and go on when the link is back. */
async function silentLink(): Promise<Told> {
  await using lab = await proxiedLab();
  const {id} = await lab.submit({key: 'idle', lines: 120, rate: 10, exit: 3});
  await lab.running(id);
  const before = Date.now();
  let noticed = 0;
  await during(blackHole(lab.link), async () => {
    await lab.workers[0]!.is(lab.api, 'offline');
    noticed = Date.now() - before;
  });
  expectThat(noticed < noticedWithin, `the server noticed after ${noticed} ms`);
  await lab.workers[0]!.is(lab.api, 'online');
  await mustHold(lab);
  return {jobs: 1, figures: {'noticed after, ms (scale 0.1)': noticed}};
}

/** A frozen agent: its machine answers TCP, nobody answers us. */
async function frozenAgent(): Promise<Told> {
  await using lab = await proxiedLab();
  const {id} = await lab.submit({key: 'frozen', lines: 100, rate: 10, exit: 3});
  await lab.running(id);
  const before = Date.now();
  let noticed = 0;
  await during(hang(lab.workers[0]!.program), async () => {
    await lab.workers[0]!.is(lab.api, 'offline');
    noticed = Date.now() - before;
  });
  expectThat(noticed < noticedWithin, `the server noticed after ${noticed} ms`);
  await lab.workers[0]!.is(lab.api, 'online');
  await mustHold(lab);
  return {jobs: 1, figures: {'noticed after, ms (scale 0.1)': noticed}};
}

export const b12: readonly Scenario[] = [
  {name: 'B12 a link that swallows', fault: 'F6 black hole', invariants: 'I1–I3 I5 I6 I8', isShort: true, run: silentLink},
  {name: 'B12 a frozen agent', fault: 'F8 agent', invariants: 'I1–I3 I5 I6 I8', run: frozenAgent},
];
