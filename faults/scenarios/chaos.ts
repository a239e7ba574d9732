import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {resourcesOf, checkDescriptors} from '../checker/resources.ts';
import {InvariantBroken} from '../checker/check.ts';
import {during, type Fault} from '../primitives/fault.ts';
import {crash, hang} from '../primitives/signals.ts';
import {redisAway, redisCutsClients, redisFull, redisPauses} from '../primitives/redis.ts';
import {blackHole, toxic} from '../primitives/tcp-proxy.ts';
import {proxiedLab, type ProxiedLab} from './proxied-lab.ts';
import type {Context, Scenario, Told} from './scenario.ts';

/** F19: one fault after another in a seeded order while jobs come and run. */
async function chaos({random, short, log}: Context): Promise<Told> {
  await using lab = await proxiedLab({externalRedis: true, workers: [{}, {}], timeScale: 0.1});
  const baseline = new Map(
    [lab.server.program.pid, ...lab.workers.map(worker => worker.program.pid)].map(pid => [pid, resourcesOf(pid).descriptors]),
  );
  const [jobs, minutes] = short ? [20, 0.3] : [200, 5];
  const end = Date.now() + minutes * 60_000;
  let submitted = 0;
  const submitting = (async () => {
    while (submitted < jobs) {
      const key = `c${submitted}`;
      const plan = {key, lines: random.between(1, 200), rate: random.pick([0, 10, 50]), exit: submitted % 5, err: submitted % 2 === 0};
      // The same key again and again until it is accepted: never twice (idempotency).
      for (;;) {
        const accepted = await lab.submit(plan, {key}).catch(() => undefined);
        if (accepted !== undefined) break;
        await delayFor(200);
      }
      submitted += 1;
      await delayFor((minutes * 60_000 * 0.7) / jobs);
    }
  })();
  let faults = 0;
  while (Date.now() < end || submitted < jobs) {
    const fault = pick(lab, random);
    log(fault.name);
    faults += 1;
    await during(fault, () => delayFor(random.between(100, 3_000)));
    await delayFor(random.between(200, 2_000));
    if (!lab.server.program.isRunning) await lab.server.start();
  }
  await submitting;
  await lab.server.healthy();
  await mustHold(lab, {within: 120_000, removedWithin: 75_000});
  const leaks = await checkDescriptors(new Map([...baseline].filter(([pid]) => resourcesOf(pid).descriptors > 0)));
  if (leaks.length > 0) throw new InvariantBroken(leaks);
  return {jobs, figures: {faults}};
}

function pick(lab: ProxiedLab, random: Context['random']): Fault {
  const worker = random.pick(lab.workers);
  return random.pick<() => Fault>([
    () => crash(worker.program),
    () => crash(lab.server.program, () => lab.server.start()),
    () => hang(worker.program),
    () => hang(lab.server.program),
    () => redisAway(lab.redis),
    () => redisFull(lab.redis),
    () => redisCutsClients(lab.redis),
    () => redisPauses(lab.redis, 1_000),
    () => blackHole(lab.link),
    () => toxic(lab.link, 'slices', {slice: 7}),
    () => toxic(lab.link, 'slow', {delay: 100, jitter: 100, bytesPerSecond: 100_000}),
    () => ({name: 'F6 reset', inject: async () => lab.link.reset(), heal: async () => undefined}),
    () => ({name: 'F3 refused', inject: async () => (lab.link.reset(), lab.link.refuse(true)), heal: async () => lab.link.refuse(false)}),
  ])();
}

export const chaosScenarios: readonly Scenario[] = [
  {name: 'F19 chaos', fault: 'F3 F6 F7 F8 F10 F12 at random', invariants: 'I1–I3 I5–I8', run: chaos},
];
