import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {Lab} from '../lab/lab.ts';
import {waitUntil} from '../lab/wait-for.ts';
import {hardReset, Network, partition} from '../primitives/namespaces.ts';
import {during} from '../primitives/fault.ts';
import {toxic} from '../primitives/tcp-proxy.ts';
import {proxiedLab} from './proxied-lab.ts';
import type {Context, Scenario, Told} from './scenario.ts';

type Engine = 'process' | 'docker' | 'podman';

/** 100,000 lines at full speed while the link is reset, sliced, slowed and cut, and the agent is killed twice. */
async function flaps(engine: Engine, {random, short, log}: Context): Promise<Told> {
  await using lab = await proxiedLab({containers: engine === 'process' ? [] : [engine], workers: [{engines: ['process', engine]}]});
  const {link} = lab;
  const worker = lab.workers[0]!;
  const lines = short ? 100_000 : 400_000;
  const {id} = await lab.submit({key: 'flood', lines, exit: 3, err: true}, {engine});
  const rounds = short ? 6 : 20;
  for (let round = 0; round < rounds; round += 1) {
    const pick = random.pick(['reset', 'slice', 'cut', 'slow'] as const);
    log(`round ${round}: ${pick}`);
    if (pick === 'reset') link.reset();
    if (pick === 'cut') link.toServer.cutAfter = random.between(1, 300_000);
    if (pick === 'slice') await during(toxic(link, 'slices', {slice: random.between(1, 100)}), () => delayFor(300));
    if (pick === 'slow') await during(toxic(link, 'slow', {bytesPerSecond: 200_000, delay: 20, jitter: 30}), () => delayFor(500));
    if (round === 1 || round === rounds - 2) {
      await worker.program.kill();
      worker.start();
    }
    await delayFor(short ? 400 : 1_000);
  }
  await lab.ended(id, 120_000);
  await mustHold(lab, {within: 120_000});
  return {jobs: 1, figures: {lines, connections: link.accepted}};
}

/** The same, by the network itself: packets vanish, or are answered with a reset. */
async function firewalls({random, short}: Context): Promise<Told> {
  await using network = await Network.create();
  const machine = await network.addMachine('a');
  const namespace = machine.namespace;
  await using lab = await Lab.open({server: {listenOn: network.gateway}, workers: [{namespace}]});
  const {id} = await lab.submit({key: 'walls', lines: short ? 50_000 : 200_000, err: true});
  for (let round = 0; round < (short ? 3 : 12); round += 1) {
    const fault = random.pick([
      partition(machine),
      partition(machine, 'cannot-speak'),
      partition(machine, 'cannot-hear'),
      hardReset(machine),
    ]);
    await during(fault, () => delayFor(random.between(500, 2_000)));
    await delayFor(500);
  }
  await lab.ended(id, 120_000);
  await mustHold(lab, {within: 120_000});
  return {jobs: 1};
}

/** Jobs without a byte, with one that ends at once, and with bytes that are not text. */
async function edges(): Promise<Told> {
  await using lab = await Lab.open();
  const ids: string[] = [];
  for (const command of [['true'], ['printf', 'x'], ['sh', '-c', 'printf "\\000\\377\\303"; printf "\\251"; exit 5']])
    ids.push((await lab.api.must<{id: string}>('POST', '/v1/jobs', {body: {engine: 'process', command}})).id);
  const expected = [Buffer.from(''), Buffer.from('x'), Buffer.from([0, 255, 195, 169])];
  for (const [index, id] of ids.entries()) {
    // The last bytes may come behind the result.
    const job = await waitUntil(
      () => lab.api.job(id),
      view => view.state === 'ended' && view.logsComplete === true,
      {within: 30_000, what: `${id} ends with its whole log`},
    );
    const got = await lab.api.logs(id);
    if (!got.equals(expected[index]!))
      throw new Error(`I3 log of job ${index}: expected ${expected[index]!.toString('hex')}, found ${got.toString('hex')}`);
    if (job.logEnd?.stdout !== got.length) throw new Error(`I3 job ${index}: logEnd says ${job.logEnd?.stdout}, the log has ${got.length}`);
  }
  return {jobs: ids.length};
}

export const b3: readonly Scenario[] = [
  {
    name: 'B3 100,000 lines while the link flaps (process)',
    fault: 'F6 reset, slice, cut, slow; F7 agent twice',
    invariants: 'I1 I2 I3 I5 I6 I7 I8',
    isShort: true,
    run: context => flaps('process', context),
  },
  ...(['docker', 'podman'] as const).map(engine => ({
    name: `B3 many lines while the link flaps (${engine})`,
    fault: 'F6 reset, slice, cut, slow; F7 agent twice',
    invariants: 'I1 I2 I3 I5 I6 I7 I8',
    run: (context: Context) => flaps(engine, context),
  })),
  {name: 'B3 many lines through firewalls', fault: 'F1 F2 F3', invariants: 'I1 I2 I3 I5 I6 I8', whyNot: Network.whyNot, run: firewalls},
  {name: 'B3 empty, short and binary logs', fault: 'none', invariants: 'I3', isShort: true, run: edges},
];
