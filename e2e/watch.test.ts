import {spawn} from 'node:child_process';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {EventView} from '@boxyard/core/api';
import {boxyard} from '../faults/lab/directories.ts';
import {run, Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => {
  up = await Up.open();
});
afterAll(() => up?.[Symbol.asyncDispose]());

/** `boxyard watch` until it is ended; resolved when it watches. */
async function watch(...args: readonly string[]) {
  const child = spawn(boxyard, ['watch', ...args], {env: up.env, stdio: ['ignore', 'pipe', 'pipe']});
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  const seen = {out: '', err: ''};
  child.stdout.on('data', (bytes: Buffer) => (seen.out += bytes));
  child.stderr.on('data', (bytes: Buffer) => (seen.err += bytes));
  const end = (signal: NodeJS.Signals) => (child.kill(signal), ended);
  if (!args.includes('-q')) await waitFor(() => seen.err.includes('Watching.'), {within: 10_000, what: 'it watches'});
  return {seen, end, [Symbol.asyncDispose]: async () => void (await end('SIGKILL'))};
}
const exits = (code: number) => up.cli(['run', '--engine', 'process', '--', 'sh', '-c', `exit ${code}`]);
const documents = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as EventView);

test('prints what happens to jobs line by line until Ctrl-C, and goes on from there as documents', async () => {
  await using lines = await watch('--type', 'job.*');
  expect((await exits(3)).code).toBe(3);
  await waitFor(() => /job\.ended .* jobs\/j-\S+ .* failed, exit 3, on /.test(lines.seen.out), {within: 10_000, what: 'its end is told'});
  expect(lines.seen.out).toMatch(/^\S+Z {2}job\.accepted .* run/m);
  expect(lines.seen.out.split('\n').filter(line => line !== '' && !/^\S+Z {2}job\./.test(line))).toEqual([]);
  expect(await lines.end('SIGINT')).toBe(130);
  const after = /boxyard watch --after (\S+)/.exec(lines.seen.err)?.[1];
  expect((await exits(4)).code).toBe(4);
  await using rest = await watch('--after', after!, '--type', 'job.ended', '-q', '--json');
  await waitFor(() => rest.seen.out.includes('\n'), {within: 10_000, what: 'the next end is told'});
  expect(documents(rest.seen.out)).toMatchObject([{specversion: '1.0', type: 'job.ended', data: {exit: {code: 4}}}]);
  expect(await rest.end('SIGTERM')).toBe(143);
  expect(rest.seen.err).toBe('');
});

test('of one DevBox it prints what is about it and its jobs, and nothing else', async () => {
  expect((await up.cli(['devboxes', 'create', 'web', '--engine', 'process'])).code).toBe(0);
  await using watched = await watch('--devbox', 'web', '-o', 'jsonl');
  expect((await exits(0)).code).toBe(0);
  expect((await up.cli(['exec', 'web', '--', 'true'])).code).toBe(0);
  const ended = () => documents(watched.seen.out).find(event => event.type === 'job.ended');
  await waitFor(() => ended(), {within: 10_000, what: 'the end of the exec is told'});
  expect(ended()?.data['kind']).toBe('exec');
  expect(documents(watched.seen.out).filter(event => event.data['kind'] === 'run')).toEqual([]);
  const wrong = await up.cli(['watch', '--devbox', 'wev']);
  expect([wrong.code, wrong.stderr]).toEqual([5, expect.stringContaining('Did you mean web?')]);
});

test('a reader that has seen enough ends it without a word', async () => {
  const going = run(['sh', '-c', `{ ${boxyard} watch --type job.ended -o name; echo "ended $?" >&2; } | head -n 1`], {
    env: up.env,
    within: 40_000,
  });
  const ended = going.finally(() => undefined);
  let isOver = false;
  void ended.finally(() => (isOver = true));
  await waitFor(async () => isOver || (await exits(0)).code !== 0, {within: 30_000, what: 'the pipe ends'});
  const {stdout, stderr} = await ended;
  expect(stdout).toMatch(/^jobs\/j-\S+\n$/);
  expect(stderr).toMatch(/ended 0\n$/);
});

test('bad values are refused before anything is asked, and a server that is not there is named', async () => {
  expect((await up.cli(['watch', '--type', 'JOB'])).code).toBe(2);
  expect((await up.cli(['watch', '--after', 'now'])).code).toBe(2);
  const none = await up.cli(['watch', '--server', 'http://127.0.0.1:9'], {within: 20_000});
  expect(none.code).toBe(8);
});

test('a place that the server does not know is told as a gap, and watching goes on', async () => {
  await using watched = await watch('--after', '999.1');
  await waitFor(() => watched.seen.err.includes('Some events are missing here'), {within: 10_000, what: 'it says so'});
  expect((await exits(0)).code).toBe(0);
  await waitFor(() => watched.seen.out.includes('job.ended'), {within: 10_000, what: 'what comes is told'});
});

test('says that the server is away and back, and tells what happened while nobody listened', async () => {
  await using watched = await watch('--type', 'job.*', '-o', 'jsonl');
  await up.killGroup();
  await waitFor(() => watched.seen.err.includes('The server is away'), {within: 20_000, what: 'it says so'});
  await up.start();
  await exits(5);
  await waitFor(() => watched.seen.err.includes('The server is back.'), {within: 20_000, what: 'it says so'});
  await waitFor(() => documents(watched.seen.out).some(event => event.type === 'job.ended'), {within: 20_000, what: 'the end is told'});
  expect(await watched.end('SIGINT')).toBe(130);
});
