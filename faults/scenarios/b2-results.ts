import {mustHold} from '../checker/check.ts';
import {Lab} from '../lab/lab.ts';
import {redisFull} from '../primitives/redis.ts';
import {during} from '../primitives/fault.ts';
import {delayFor} from '../lab/delay-for.ts';
import type {Scenario, Told, Context} from './scenario.ts';

/** The server is killed again and again while results arrive; every one is there in the end. */
async function serverDiesWhileResultsArrive({random, short}: Context): Promise<Told> {
  await using lab = await Lab.open();
  const jobs = short ? 12 : 40;
  await Promise.all(Array.from({length: jobs}, (_, i) => lab.submit({key: `r${i}`, lines: 5 + i, rate: 10, exit: i % 4})));
  for (let round = 0; round < (short ? 2 : 6); round += 1) {
    await delayFor(random.between(200, 900));
    await lab.server.program.kill();
    await delayFor(random.between(0, 300));
    await lab.server.start();
  }
  await mustHold(lab);
  return {jobs};
}

/** Redis refuses writes while jobs finish: results wait on the agent and are stored when it is over. */
async function redisRefusesWrites({short}: Context): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true});
  const jobs = short ? 6 : 20;
  await Promise.all(Array.from({length: jobs}, (_, i) => lab.submit({key: `f${i}`, lines: 10, rate: 10, exit: i % 3})));
  await during(redisFull(lab.redis), () => delayFor(short ? 4_000 : 30_000));
  await mustHold(lab);
  return {jobs};
}

export const b2: readonly Scenario[] = [
  {
    name: 'B2 server killed while results arrive',
    fault: 'F7 server',
    invariants: 'I1 I2 I3 I5 I6 I7 I8',
    isShort: true,
    run: serverDiesWhileResultsArrive,
  },
  {name: 'B2 Redis refuses writes while jobs finish', fault: 'F12 maxmemory', invariants: 'I1 I2 I3 I5 I6 I8', run: redisRefusesWrites},
];
