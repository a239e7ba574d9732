import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {baseImage, engines, run, Up, waitFor, waitUntil} from './up.ts';
import {spawn} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const ok = (...args: readonly string[]) => up.ok(...args);

/** Pids of this machine with the job in their environment: those of containers are seen from here too. */
const livingOf = (job: string): string[] => ofVariable(`BOXYARD_JOB=${job}`);

const ofVariable = (variable: string): string[] =>
  readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(variable) && !isZombie(pid);
    } catch {
      return false;
    }
  });
const isZombie = (pid: string) => / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/, ''));

const create = (engine: string, name: string) =>
  ok('devboxes', 'create', name, '--engine', engine, ...(engine === 'process' ? [] : ['--image', baseImage, '--memory', '64m']));

const startInBackground = async (name: string, script: string, ...flags: readonly string[]) =>
  (await ok('exec', '--background', '-o', 'name', ...flags, name, '--', 'sh', '-c', script)).trim();

async function killPart(pattern: RegExp): Promise<void> {
  const found = await waitFor(() => up.processes(pattern)[0], {within: 10_000, what: `a process like ${pattern}`});
  process.kill(found.pid, 'SIGKILL');
  await waitFor(() => !up.program.isRunning || up.processes(pattern).some(({pid}) => pid !== found.pid), {
    within: 20_000,
    what: 'it is back',
  });
  if (!up.program.isRunning) await up.start();
}

describe.each(await engines())('a background command on %s', engine => {
  test('goes on while server and agent die, is followed by its name, and read whole after its end', async () => {
    const name = `bg-${engine}`;
    await create(engine, name);
    const count = 'i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 4';
    const id = await startInBackground(name, count, '--name', 'dev');
    const again = await up.cli(['exec', '--background', '--name', 'dev', name, '--', 'true']);
    expect([again.code, again.stderr.includes(`${name}/dev is already there: job ${id}.`)]).toEqual([125, true]);
    const following = spawn(boxyard, ['jobs', 'logs', `${name}/dev`, '-f'], {env: up.env, stdio: ['ignore', 'pipe', 'ignore']});
    let followed = '';
    following.stdout.on('data', part => (followed += String(part)));
    const ended = new Promise<number | null>(resolve => following.once('close', resolve));
    await waitFor(() => followed.includes('line 20\n'), {within: 20_000, what: 'it is followed'});
    await killPart(/agent\.js|agent-main/);
    await killPart(/server\.js|server-main/);
    await up.ended(id);
    const lines = Array.from({length: 300}, (_, i) => `line ${i}\n`).join('');
    expect(await ended).toBe(0);
    expect(followed).toBe(lines);
    await killPart(/agent\.js|agent-main/);
    expect(await ok('jobs', 'logs', `${name}/dev`, '-f')).toBe(lines);
    expect((await up.json<{items: {id: string}[]}>('jobs', 'list', '--devbox', name, '--kind', 'exec')).items.map(job => job.id)).toEqual([
      id,
    ]);
    expect(await up.api.job(id)).toMatchObject({outcome: 'failed', exit: {code: 4}});
    await ok('devboxes', 'remove', name, '--now');
  });

  test('is cancelled with its whole tree, deaf grandchildren and those of another session too', async () => {
    const name = `tree-${engine}`;
    await create(engine, name);
    const deaf = `sh -c 'trap "" TERM HUP; while :; do sleep 1; done' >/dev/null 2>&1 </dev/null &`;
    const script = `(${deaf}) ; setsid ${deaf} echo started; trap 'echo asked; exit 7' TERM; while :; do sleep 0.1; done`;
    const id = await startInBackground(name, script, '--name', 'tree', '--grace', '5s');
    await waitFor(async () => (await up.api.logs(id)).toString() === 'started\n', {within: 20_000, what: 'it runs'});
    await waitFor(() => livingOf(id).length >= 3, {within: 20_000, what: 'the tree is there'});
    await ok('jobs', 'cancel', `${name}/tree`);
    expect((await up.ended(id)).outcome).toBe('cancelled');
    expect(livingOf(id)).toEqual([]);
    expect(await ok('jobs', 'logs', id)).toBe('started\nasked\n');
    await ok('devboxes', 'remove', name, '--now');
  });

  test('with --keep files outlives even what held it: the next of that name says all of it and its end, and it began once', async () => {
    const name = `kept-${engine}`;
    await create(engine, name);
    const count = 'echo begun >> begun; i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; exit 4';
    const keep = ['--name', 'dev', '--keep', 'files'];
    const first = await startInBackground(name, count, ...keep);
    await waitFor(async () => (await up.api.logs(first)).includes('line 5\n'), {within: 20_000, what: 'it writes'});
    for (const {pid} of up.processes(/session-host/)) process.kill(pid, 'SIGKILL');
    expect(await up.ended(first)).toMatchObject({outcome: 'lost', reason: {code: 'exec_outcome_unknown'}});
    const second = await startInBackground(name, count, ...keep);
    expect(await up.ended(second)).toMatchObject({outcome: 'failed', exit: {code: 4}});
    expect((await up.api.logs(second)).toString()).toBe(Array.from({length: 40}, (_, i) => `line ${i}\n`).join(''));
    expect(await ok('exec', name, '--', 'cat', 'begun')).toBe('begun\n');
    expect(await ok('jobs', 'show', second)).toContain(`sh -c ${count}`);
    await ok('devboxes', 'remove', name, '--now');
  });

  test('with --keep files is cancelled with its group, asked first', async () => {
    const name = `asked-${engine}`;
    await create(engine, name);
    const script = `trap 'echo asked; exit 7' TERM; sleep 4242 & echo started; while :; do sleep 0.1; done`;
    const id = await startInBackground(name, script, '--name', 'dev', '--keep', 'files');
    await waitFor(async () => (await up.api.logs(id)).toString() === 'started\n', {within: 20_000, what: 'it runs'});
    await ok('jobs', 'cancel', `${name}/dev`);
    expect((await up.ended(id)).outcome).toBe('cancelled');
    // A shell may say that the program it waited for was asked to end, too.
    expect(await ok('jobs', 'logs', id)).toMatch(/^started\n(Terminated\n)?asked\n$/);
    const kept = () => ofVariable(`BOXYARD_KEPT=boxyard-`).filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('4242'));
    await waitFor(() => kept().length === 0, {within: 20_000, what: 'nothing of it is left'});
    await ok('devboxes', 'remove', name, '--now');
  });

  test('ends as container_gone where its box is stopped under it, and none is begun in a stopped one', async () => {
    const name = `gone-${engine}`;
    await create(engine, name);
    const id = await startInBackground(name, 'while :; do sleep 0.1; done', '--name', 'dev');
    await waitUntil(
      () => up.api.job(id),
      job => job.state === 'running',
      {within: 20_000, what: 'it runs'},
    );
    await ok('devboxes', 'stop', name);
    expect(await up.ended(id)).toMatchObject({outcome: 'lost', reason: {code: 'container_gone'}});
    const refused = await up.cli(['exec', '-b', name, '--', 'true']);
    expect([refused.code, refused.stderr.includes(`DevBox ${name} is stopped.`)]).toEqual([125, true]);
    await ok('devboxes', 'remove', name, '--now');
  });

  test.skipIf(engine === 'process')('ends as container_gone where its box is removed from outside', async () => {
    const name = `rm-${engine}`;
    await create(engine, name);
    const id = await startInBackground(name, 'while :; do sleep 0.1; done', '--name', 'dev');
    const job = await waitUntil(
      () => up.api.job(id),
      one => one.state === 'running',
      {within: 20_000, what: 'it runs'},
    );
    const box = (job.spec as {box: string}).box;
    await run([engine, 'rm', '-f', box]);
    expect(await up.ended(id)).toMatchObject({outcome: 'lost', reason: {code: 'container_gone'}});
    await ok('devboxes', 'remove', name, '--now');
  });

  test.skipIf(engine === 'process')('is refused in a paused box with a sentence', async () => {
    const name = `paused-${engine}`;
    await create(engine, name);
    const {box} = await up.json<{box: string}>('devboxes', 'show', name);
    await run([engine, 'pause', box]);
    const ran = await up.cli(['exec', name, '--', 'true']);
    await run([engine, 'unpause', box]);
    expect(ran.code).toBe(125);
    expect(ran.stderr).toMatch(/paused/i);
    await ok('devboxes', 'remove', name, '--now');
  });
});
