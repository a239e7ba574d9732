import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {duplexPair} from 'node:stream';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {RfbClient} from '@boxyard/core/rfb';
import {clientOf} from '../faults/lab/terminal-viewer.ts';
import {boxyard} from '../faults/lab/directories.ts';
import {run} from '../faults/lab/run-command.ts';
import {countIn, sizeOf} from './desktop-picture.ts';
import {baseImage, engines, hasImage, killPart, Up, waitFor} from './up.ts';

const image = 'localhost/vnc:test';
const hasXvnc = (await run(['sh', '-c', 'command -v Xtigervnc'])).code === 0;
const here: string[] = [];
for (const engine of await engines()) {
  const isThere = engine === 'process' ? hasXvnc : await hasImage(engine, image);
  if (isThere) here.push(engine);
  else console.log(`skipped: ${engine} has no X server (${engine === 'process' ? 'Xtigervnc' : image})`);
}

let up: Up;
let client: Client;
const ok = (...args: readonly string[]) => up.ok(...args);
const {signal} = new AbortController();

beforeAll(async () => {
  up = await Up.open();
  client = clientOf(up.api);
  for (const engine of here)
    await ok(
      'devboxes',
      'create',
      boxOn(engine),
      '--engine',
      engine,
      ...(engine === 'process' ? [] : ['--image', image, '--network', 'none']),
    );
});
afterAll(async () => {
  client?.close();
  // Of the engine process what was started lives on this machine.
  if (here.includes('process')) await up?.cli(['devboxes', 'stop', boxOn('process')]);
  await up?.[Symbol.asyncDispose]();
});

const boxOn = (engine: string): string => `desk-${engine}`;

async function shot(box: string): Promise<Buffer> {
  const file = join(up.path, `${box}.png`);
  await ok('display', 'shot', box, '-o', file);
  return readFileSync(file);
}

const openJob = async (box: string): Promise<JobView> => client.devboxesDisplay({devbox: box, body: {}});

/** A look at the display, as any client of ours has it. */
async function look(job: string, control: 'wait' | 'take' | 'none'): Promise<RfbClient> {
  const [near, far] = duplexPair();
  client.viewDisplay({job, control, signal}, far).then(
    () => near.destroy(),
    (error: Error) => near.destroy(error),
  );
  return RfbClient.open(near, {signal, openWithinMs: 30_000});
}

function type(screen: RfbClient, text: string): void {
  for (const letter of text) {
    const keysym = letter === '\n' ? 0xff0d : letter.charCodeAt(0);
    screen.key(keysym, true);
    screen.key(keysym, false);
  }
}

/** Makes the xterm's background this colour, which is seen by any eye. */
const paint = (colour: string) => `printf '\\033]11;${colour}\\007'\n`;

describe.each(here)('on %s, without a network', engine => {
  const box = boxOn(engine);

  test('a picture of the desktop is taken, into a file and into a pipe', async () => {
    const picture = await shot(box);
    expect(picture.subarray(1, 4).toString('latin1')).toBe('PNG');
    expect(sizeOf(picture)).toEqual([1280, 800]);
    expect(countIn(picture, 255, 255, 255)).toBeGreaterThan(100_000);
    const piped = await run(['sh', '-c', `"$0" display shot ${box} -o - | head -c 8 | od -An -tx1`, boxyard], {env: up.env});
    expect(piped.stdout.trim()).toBe('89 50 4e 47 0d 0a 1a 0a');
    expect(await ok('displays', 'list', '-o', 'name')).toContain(box);
  });

  test('a key that is typed shows its effect; one of who only looks never arrives', async () => {
    const job = await openJob(box);
    using watcher = await look(job.id, 'none');
    type(watcher, paint('#ff0000'));
    using typist = await look(job.id, 'wait');
    typist.pointer(100, 100, 0);
    type(typist, paint('#00ff00'));
    await waitFor(async () => countIn(await shot(box), 0, 255, 0) > 100_000, {within: 30_000, what: 'the window is green'});
    type(watcher, paint('#ff0000'));
    type(typist, paint('#0000ff'));
    await waitFor(async () => countIn(await shot(box), 0, 0, 255) > 100_000, {within: 30_000, what: 'the window is blue'});
    type(typist, 'clear\n');
    expect(countIn(await shot(box), 255, 0, 0)).toBe(0);
  });

  test('an agent that is killed comes back to the same desktop', async () => {
    const job = await openJob(box);
    using before = await look(job.id, 'none');
    await killPart(up, /agent\.js|agent-main/);
    await before.ended;
    expect(countIn(await shot(box), 0, 0, 255)).toBeGreaterThan(100_000);
    expect((await openJob(box)).id).toBe(job.id);
  });

  test('it is closed by name, and its windows are there when it is opened again', async () => {
    const {id} = await openJob(box);
    using watcher = await look(id, 'none');
    await ok('displays', 'close', box);
    await watcher.ended;
    expect(await up.ended(id)).toMatchObject({outcome: 'cancelled'});
    expect(await ok('displays', 'list', '--devbox', box, '-o', 'name')).toBe('');
    expect(countIn(await shot(box), 0, 0, 255)).toBeGreaterThan(100_000);
    expect((await openJob(box)).id).not.toBe(id);
  });

  test('asked for twice at once it is one, and it ends with its box', async () => {
    await ok('displays', 'close', box);
    await waitFor(async () => (await ok('displays', 'list', '--devbox', box, '-o', 'name')) === '', {within: 20_000, what: 'it is closed'});
    const [one, other] = await Promise.all([openJob(box), openJob(box)]);
    expect(one.id).toBe(other.id);
    using watcher = await look(one.id, 'none');
    await ok('devboxes', 'stop', box);
    await watcher.ended;
    expect(await up.ended(one.id)).toMatchObject({state: 'ended'});
  });
});

test.runIf(here.includes('docker'))('an image without an X server is told of', async () => {
  await ok('devboxes', 'create', 'bare', '--engine', 'docker', '--image', baseImage, '--memory', '64m');
  const ran = await up.cli(['display', 'shot', 'bare']);
  const told = [6, expect.stringContaining('The DevBox shows no desktop: its image has no X server')];
  expect([ran.code, ran.stderr]).toEqual(told);
  for (const elsewhere of [['--listen', '0'], ['--browser']]) {
    const {code, stdout, stderr} = await up.cli(['display', 'bare', ...elsewhere]);
    expect([code, stderr]).toEqual(told);
    expect(stdout, 'no address of nothing').toBe('');
  }
});

test.runIf(here.length > 1)(
  'displays count against the tenant’s live sessions as terminals do; one that is open is found at the limit',
  async () => {
    const [one, other] = here.map(boxOn) as [string, string];
    for (const box of [one, other]) {
      await ok('devboxes', 'start', box);
      await up.cli(['displays', 'close', box]);
    }
    await waitFor(async () => (await ok('displays', 'list', '-o', 'name')) === '', {within: 20_000, what: 'all are closed'});
    const [tenant] = (await up.json<{items: {id: string}[]}>('tenants', 'list')).items;
    await ok('tenants', 'set', tenant!.id, '--sessions', '2');
    const shell = await client.devboxesExec({devbox: one, body: {command: ['sleep', '1000'], tty: {columns: 80, rows: 24}}});
    const {id} = await openJob(one);
    await expect(openJob(other)).rejects.toMatchObject({
      code: 'LIMIT_REACHED',
      message: expect.stringContaining('live sessions') as string,
    });
    expect((await openJob(one)).id).toBe(id);
    await client.jobsCancel({job: shell.id, body: {}});
    await up.ended(shell.id);
    expect((await openJob(other)).id).not.toBe(id);
    await expect(client.devboxesExec({devbox: one, body: {command: ['true'], tty: {columns: 80, rows: 24}}})).rejects.toMatchObject({
      code: 'LIMIT_REACHED',
    });
  },
);
