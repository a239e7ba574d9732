import {mustHold} from '../checker/check.ts';
import {delayFor} from '../lab/delay-for.ts';
import {Lab} from '../lab/lab.ts';
import {waitFor} from '../lab/wait-for.ts';
import {blockEventLoop, spinPreload} from '../primitives/event-loop.ts';
import {during} from '../primitives/fault.ts';
import {hang} from '../primitives/signals.ts';
import {expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

const jobsOf = (short: boolean) => (short ? 15 : 50);

async function load(lab: Lab, jobs: number, seconds: number): Promise<void> {
  await Promise.all(Array.from({length: jobs}, (_, i) => lab.submit({key: `s${i}`, lines: seconds * 10, rate: 10, exit: i % 4})));
}

/** The server, and with it its Redis, is killed and started again while jobs run. */
async function killServer({random, short}: Context): Promise<Told> {
  await using lab = await Lab.open();
  await load(lab, jobsOf(short), short ? 8 : 60);
  let slowest = 0;
  for (let round = 0; round < (short ? 3 : 12); round += 1) {
    await delayFor(short ? random.between(300, 1_500) : 4_000);
    await lab.server.program.kill();
    if (random.next() < 0.5) await killRedis(lab);
    const before = Date.now();
    await lab.server.start();
    await lab.workers[0]!.is(lab.api, 'online');
    slowest = Math.max(slowest, Date.now() - before);
  }
  await mustHold(lab, {within: 120_000});
  return {jobs: jobsOf(short), figures: {'slowest return, ms': slowest}};
}

/** The embedded Redis alone dies under the running server, which starts it again. */
async function killEmbeddedRedis({short}: Context): Promise<Told> {
  await using lab = await Lab.open();
  await load(lab, jobsOf(short), 6);
  for (let round = 0; round < (short ? 2 : 6); round += 1) {
    await delayFor(1_200);
    await killRedis(lab);
  }
  await mustHold(lab, {within: 90_000});
  return {jobs: jobsOf(short)};
}

export async function killRedis(lab: Lab): Promise<void> {
  const found = await waitFor(() => lab.processes(/redis-server|valkey-server/)[0], {within: 10_000, what: 'the embedded Redis runs'});
  process.kill(found.pid, 'SIGKILL');
}

/** The server stands still and comes back: it must not end what it no longer owns. */
async function frozenServer({short}: Context): Promise<Told> {
  await using lab = await Lab.open();
  await load(lab, jobsOf(short), short ? 6 : 15);
  await delayFor(1_000);
  await during(hang(lab.server.program), () => delayFor(short ? 6_000 : 9_000));
  await mustHold(lab, {within: 90_000});
  return {jobs: jobsOf(short)};
}

async function blockedLoop({short}: Context): Promise<Told> {
  const ms = short ? 3_000 : 6_000;
  await using lab = await Lab.open({server: {env: spinPreload(ms)}});
  await load(lab, jobsOf(short), short ? 5 : 12);
  for (let round = 0; round < 2; round += 1) {
    await delayFor(700);
    await during(blockEventLoop(lab.server.program), async () => {
      await delayFor(200);
      const answer = await lab.api.call('GET', '/v1/health', {within: 1_000}).catch(() => undefined);
      expectThat(answer === undefined, 'the blocked server answered');
      await delayFor(ms - 1_200);
    });
  }
  await mustHold(lab, {within: 90_000});
  return {jobs: jobsOf(short)};
}

export const b6: readonly Scenario[] = [
  {
    name: 'B6 kill -9 of the server while jobs run',
    fault: 'F7 server, with and without Redis',
    invariants: 'I1–I3 I5–I8',
    isShort: true,
    run: killServer,
  },
  {name: 'B6 kill -9 of the embedded Redis', fault: 'F7 redis', invariants: 'I1–I3 I5–I8', run: killEmbeddedRedis},
  {name: 'B6 the server stands still', fault: 'F8 server', invariants: 'I1–I3 I5–I8', run: frozenServer},
  {name: 'B6 blocked event loop of the server', fault: 'F9', invariants: 'I1–I3 I5–I8', run: blockedLoop},
];
