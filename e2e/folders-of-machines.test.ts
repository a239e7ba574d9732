import {randomBytes, createHash} from 'node:crypto';
import {mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {ClusterView, JobView} from '@boxyard/core/api';
import {boxyard} from '../faults/lab/directories.ts';
import {Lab} from '../faults/lab/lab.ts';
import {run} from '../faults/lab/run-command.ts';
import {removeBoxes, engines, waitFor} from './up.ts';

/** A server and two machines, each with every engine there is here. */
const here = await engines();
let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open({workers: [{engines: here}, {engines: here}]});
}, 90_000);
afterAll(async () => {
  const ids = lab?.workers.map(worker => worker.id) ?? [];
  await lab?.[Symbol.asyncDispose]();
  for (const id of ids) await removeBoxes(id);
}, 60_000);

const cli = (...args: readonly string[]) => run([boxyard, ...args], {env: lab.server.env, cwd: lab.root, within: 120_000});
const ok = async (...args: readonly string[]): Promise<string> => {
  const ran = await cli(...args);
  expect(ran.code, `${args.join(' ')}: ${ran.stderr}`).toBe(0);
  return ran.stdout;
};
const imageOf = (engine: string) => (engine === 'process' ? {engine} : {engine, image: 'localhost/base:test', memory: '64m'});
const apply = (name: string, roles: readonly object[]) =>
  lab.api.must<{cluster: ClusterView}>('PUT', '/v1/clusters', {body: {document: {name, folders: ['plans'], roles}}});
const start = (name: string) => lab.api.must<JobView>('POST', `/v1/clusters/${name}/roles/builder/run`, {body: {}});
const paths = async (name: string) => (await ok('folders', 'list', name, 'shared/plans', '-q')).trim().split('\n');

test.each(here)('jobs on two machines share what they bring through the server, on %s', async engine => {
  const name = `across-${engine}`;
  const script = 'ls shared/plans; echo "$0" > shared/plans/by-$BOXYARD_COPY_INDEX';
  await apply(name, [{name: 'builder', ...imageOf(engine), command: ['sh', '-c', script], each: 'worker'}]);
  const first = await lab.ended((await start(name)).id);
  expect(first.children).toMatchObject({total: 2, succeeded: 2});
  expect(await paths(name)).toEqual(['shared/plans/by-0', 'shared/plans/by-1']);
  const second = await lab.ended((await start(name)).id);
  const logs = await Promise.all((await lab.api.jobs(`&parent=${second.id}`)).map(child => lab.api.logs(child.id)));
  for (const log of logs) expect(log.toString()).toBe('by-0\nby-1\n');
});

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const big = 60 * 1024 * 1024;

/** What dies, and what brings it back; the machine that runs the job is the only one there is. */
const parts: Readonly<Record<string, () => Promise<void>>> = {
  'the server': async () => {
    await lab.server.program.kill();
    await lab.server.start();
  },
  'the agent': async () => {
    for (const worker of lab.workers) {
      await worker.program.kill();
      worker.start();
    }
  },
};
const isFetching = ({phases, state}: JobView) => state === 'sent' && phases.at(-1)?.name === 'folders';
const isStoring = ({phases}: JobView) =>
  phases.some(phase => phase.name === 'run' && phase.endedAt !== undefined) && phases.at(-1)?.name === 'folders';
const moments: Readonly<Record<string, (job: JobView) => boolean>> = {
  'while folders come in': isFetching,
  'while folders go out': isStoring,
};

const kills = Object.keys(parts).flatMap(part => Object.keys(moments).map(moment => ({part, moment})));
describe.each(kills)('kill -9 of $part $moment', ({part, moment}) => {
  test.each(here.filter(engine => engine !== 'podman'))('leaves nothing half there and loses nothing, on %s', async engine => {
    const name = `k-${part.replace('the ', '')}-${moment.split(' ').at(-1)}-${engine}`;
    const script = `sha256sum shared/plans/in-*; dd if=/dev/urandom of=shared/plans/out bs=1048576 count=60 2>/dev/null; sha256sum shared/plans/out`;
    await apply(name, [{name: 'builder', ...imageOf(engine), command: ['sh', '-c', script]}]);
    const dir = join(lab.root, name);
    mkdirSync(dir);
    const given = [randomBytes(big), randomBytes(big)];
    for (const [n, bytes] of given.entries()) writeFileSync(join(dir, `in-${n}`), bytes);
    await ok('folders', 'put', name, dir, 'shared/plans');
    const {id} = await start(name);
    const seen = await waitFor(
      async () => {
        const job = await lab.api.job(id);
        return moments[moment]!(job) || job.state === 'ended' ? job : undefined;
      },
      {within: 40_000, every: 5, what: `job ${id} is ${moment}`},
    );
    expect(seen.state).not.toBe('ended');
    await parts[part]!();
    const ended = await lab.ended(id, 90_000);
    expect([ended.outcome, ended.exit, ended.reason]).toEqual(['succeeded', {code: 0}, undefined]);
    const [a, b, made] = (await lab.api.logs(id))
      .toString()
      .trim()
      .split('\n')
      .map(line => line.split(' ')[0]);
    expect([a, b]).toEqual(given.map(sha));
    await ok('folders', 'get', name, 'shared/plans', join(lab.root, `${name}-got`));
    const got = join(lab.root, `${name}-got`);
    expect(readdirSync(got).sort()).toEqual(['in-0', 'in-1', 'out']);
    expect(sha(readFileSync(join(got, 'out')))).toBe(made);
    expect(sha(readFileSync(join(got, 'in-0')))).toBe(a);
    expect(ended.conflicts).toBeUndefined();
  });
});

test('a watch whose server dies behind the change, or as it fires, starts one run and no other', async () => {
  const command = ['sh', '-c', 'echo "$BOXYARD_CHANGED_FILES"'];
  await apply('watched', [{name: 'builder', engine: 'process', command, maxConcurrency: 9, triggers: {watch: ['shared/plans']}}]);
  const dir = join(lab.root, 'watched');
  mkdirSync(dir);
  writeFileSync(join(dir, 'a'), 'x');
  await ok('folders', 'put', 'watched', dir, 'shared/plans');
  await lab.server.program.kill();
  await lab.server.start();
  const runs = async () => (await lab.api.must<{items: JobView[]}>('GET', '/v1/clusters/watched/runs')).items;
  await waitFor(async () => (await runs()).length > 0, {within: 30_000, what: 'the change starts a run'});
  await lab.server.program.kill();
  await lab.server.start();
  writeFileSync(join(dir, 'b'), 'x');
  await ok('folders', 'put', 'watched', dir, 'shared/plans');
  await waitFor(async () => (await runs()).length === 2, {within: 30_000, what: 'the next change starts the next'});
  expect((await runs()).map(each => each.origin?.trigger.files)).toEqual([['shared/plans/b'], ['shared/plans/a']]);
});
