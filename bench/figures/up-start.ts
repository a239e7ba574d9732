import {mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {redisArgv} from '../baselines/redis.ts';
import {startChild, timeProgram} from '../child.ts';
import type {Figure} from '../figure.ts';
import {freePort, type Lab} from '../lab.ts';
import {interleave, timed} from '../measure.ts';
import {bin, privateEnv} from '../product/boxyard.ts';

export const upStart: Figure = {
  id: 'P13',
  title: '`boxyard up --no-dashboard` to ready, on a machine where it ran before',
  async measure(lab) {
    const env = privateEnv(lab);
    const medians = await interleave({product: () => up(lab, env), baseline: () => leastStart(lab)}, {runs: lab.runs});
    return [{figure: 'P13', case: '', unit: 'ms', ...medians, budget: {of: 'ratio', most: 10}}];
  },
};

async function up(lab: Lab, env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const argv = [bin, 'up', '--no-dashboard', '--listen', `127.0.0.1:${await freePort()}`] as const;
  const start = performance.now();
  const child = await startChild(lab, {argv, env}, /\bready\b/i, 60_000);
  const took = performance.now() - start;
  await child.stop();
  return took;
}

async function leastStart(lab: Lab): Promise<number> {
  const dir = join(lab.dir, 'least');
  mkdirSync(dir);
  const port = await freePort();
  const start = performance.now();
  const redis = await startChild(lab, {argv: redisArgv(dir, port)}, /Ready to accept connections/);
  const ready = performance.now() - start;
  const node = await timed(() => timeProgram({argv: [process.execPath, '-e', '0']}));
  await redis.stop();
  rmSync(dir, {recursive: true});
  return ready + node;
}
