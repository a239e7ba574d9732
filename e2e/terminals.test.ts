import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {Client} from '@boxyard/core/client';
import {engines, killPart, on, Up, waitFor} from './up.ts';
import {clientOf, Viewer, type ViewerOptions} from '../faults/lab/terminal-viewer.ts';

const here = await engines();
const numbered = Array.from({length: 1_000}, (_, i) => `line ${String(i).padStart(4, '0')}`);

const boxOn = (engine: string): string => `box-${engine}`;

interface ToStart {
  readonly client: Client;
  readonly box: string;
}

const start = async ({client, box}: ToStart, name: string, command: readonly string[] = ['sh'], tty: object = {}): Promise<string> =>
  (await client.devboxesExec({devbox: box, body: {name, command: [...command], tty: {columns: 80, rows: 24, ...tty}}})).id;

/** What dies while people type. Each part comes back by itself or with `up`. */
const parts: Readonly<Record<string, (up: Up) => Promise<void>>> = {
  server: up => killPart(up, /server\.js|server-main/),
  agent: up => killPart(up, /agent\.js|agent-main/),
  Redis: up => killPart(up, /redis-server|valkey-server/),
  'whole group of up': async up => {
    await up.killGroup();
    await up.start();
  },
};

let up: Up;
let client: Client;
beforeAll(async () => {
  up = await Up.open();
  client = clientOf(up.api);
  for (const engine of here) await up.ok('devboxes', 'create', boxOn(engine), ...on(engine));
});
afterAll(async () => {
  client?.close();
  await up?.[Symbol.asyncDispose]();
});
const look = (job: string, options: ViewerOptions = {}, as = client) => new Viewer(as, job, options);

test(`terminals on ${here.join(', ')} outlive kill -9 of server, agent and Redis in turn: same screen as undisturbed, every typed line once`, async () => {
  using release = new DisposableStack();
  const open = async (name: string) => {
    const jobs = await Promise.all(here.map(engine => start({client, box: boxOn(engine)}, name)));
    return jobs.map(job => ({job, viewer: release.use(look(job))}));
  };
  const [vi, control, writer] = [await open('vi'), await open('control'), await open('writer')];
  for (const {viewer} of [...vi, ...control, ...writer]) await viewer.shows(/[$#] $/m);
  for (const {viewer} of vi) viewer.type('mkdir -p a; cd a; clear; vi f\r');
  for (const {viewer} of control) viewer.type('mkdir -p b; cd b; clear; vi f\r');
  for (const {viewer} of [...vi, ...control]) await viewer.shows(/^~/m);
  await edit(viewersOf(control), parts, async () => undefined);
  const wanted = await Promise.all(viewersOf(control).map(settled));

  const typing = Promise.all(viewersOf(writer).map(typeNumbers));
  await edit(viewersOf(vi), parts, kill => kill(up));
  await typing;
  for (const [n, {viewer, job}] of vi.entries()) {
    await showsTheSame(viewer, wanted[n]);
    expect([here[n], viewer.breaks > 0]).toEqual([here[n], true]);
    // Another one who comes only now sees the same.
    await showsTheSame(release.use(look(job, {isReadonly: true})), wanted[n]);
  }
  for (const [n, {viewer}] of writer.entries()) {
    viewer.type('\u0004');
    viewer.type('stty echo; wc -l < numbers; echo the-end\r');
    await viewer.shows(/1000\s*\n?.*the-end/s);
    expect((await up.ok('exec', boxOn(here[n]!), '--', 'cat', 'numbers')).trim().split('\n'), here[n]).toEqual(numbered);
    viewer.type('exit 7\r');
    expect((await viewer.ended).exit, here[n]).toEqual({code: 7});
  }
});

// What becomes of them in each engine is in the tests of the engines; here one is enough, a real one where there is one.
describe(`terminals on ${here.at(-1)}`, () => {
  const box = boxOn(here.at(-1)!);

  test('have one who types, whose size it is; control is taken, comes back after a break, and falls to who is left', async () => {
    const job = await start({client, box}, 'shared');
    using first = look(job, {size: {columns: 60, rows: 12}});
    await first.shows(/[$#] $/m);
    using second = look(job, {size: {columns: 100, rows: 30}});
    await waitFor(() => second.isOnline && !second.controls, {within: 10_000, what: 'the second looks on'});
    second.type('echo not-heard\r');
    first.type('stty size\r');
    await second.shows('12 60');
    expect(second.size).toEqual({columns: 60, rows: 12});
    second.terminal.take();
    await waitFor(() => second.controls && !first.controls, {within: 20_000, what: 'control is taken'});
    await waitFor(() => first.size.columns === 100, {within: 20_000, what: 'the size follows'});
    first.type('echo not-heard\r');
    second.type('stty size\r');
    await first.shows('30 100');
    for (let n = 0; n < 500; n += 1) second.terminal.resize({columns: 60 + (n % 50), rows: 20});
    second.terminal.resize({columns: 91, rows: 21});
    await waitFor(() => first.size.columns === 91, {within: 10_000, what: 'the last size of a storm counts'});
    second.type('clear; stty size\r');
    await first.shows('21 91');
    await killPart(up, /agent\.js|agent-main/);
    for (const viewer of [first, second])
      await waitFor(() => viewer.isOnline && viewer.breaks > 0, {within: 40_000, what: 'both are back'});
    await waitFor(() => second.controls && !first.controls, {within: 20_000, what: 'who typed before types again'});
    expect(first.lines().join('\n') + second.lines().join('\n')).not.toContain('not-heard');
    second.terminal.close();
    await waitFor(() => first.controls, {within: 20_000, what: 'control falls to who is left'});
    first.type('exit 3\r');
    expect((await first.ended).exit).toEqual({code: 3});
  });

  test('let a read-only token see and not type, and end its view when it is revoked', async () => {
    const job = await start({client, box}, 'looked-at');
    using owner = look(job);
    await owner.shows(/[$#] $/m);
    const made = await up.json<{token: string}>('tokens', 'create', 'viewer', '--access', 'viewer');
    const reader = clientOf({url: up.api.url, token: made.token});
    using viewer = look(job, {}, reader);
    await viewer.shows(/[$#] $/m);
    expect([viewer.mayType, viewer.controls]).toEqual([false, false]);
    using typist = look(job, {}, reader);
    await waitFor(() => typist.isOnline, {within: 20_000, what: 'online'});
    typist.type('echo stolen\r');
    await expect(typist.ended).rejects.toMatchObject({code: 'FORBIDDEN'});
    owner.type('echo fine\r');
    await viewer.shows(/^fine/m);
    expect(owner.lines().join('\n')).not.toContain('stolen');
    const revokedAt = Date.now();
    expect((await up.cli(['tokens', 'revoke', 'viewer'])).code).toBe(0);
    await expect(viewer.ended).rejects.toMatchObject({code: 'UNAUTHENTICATED'});
    expect(Date.now() - revokedAt).toBeLessThan(5_000);
    const before = viewer.received;
    owner.type('echo secret; exit\r');
    await owner.ended;
    expect(viewer.received).toBe(before);
    reader.close();
  });

  test('end with all they started when nobody has looked on for the time they were given', async () => {
    const job = await start({client, box}, 'short', ['sh', '-c', 'trap "" HUP; sleep 777 & sleep 778'], {detachedMs: 1_500});
    const viewer = look(job);
    await waitFor(() => viewer.isOnline, {within: 10_000, what: 'online'});
    await new Promise(resolve => setTimeout(resolve, 2_500));
    expect((await up.api.job(job)).state).toBe('running');
    viewer[Symbol.dispose]();
    const ended = await up.ended(job);
    expect(ended.outcome).not.toBe('succeeded');
    await waitFor(async () => !/sleep 77[78]/.test((await up.cli(['exec', box, '--', 'ps'])).stdout), {
      within: 10_000,
      what: 'the tree is gone',
    });
  });
});

const viewersOf = (opened: readonly {readonly viewer: Viewer}[]): Viewer[] => opened.map(({viewer}) => viewer);

async function typeNumbers(writer: Viewer): Promise<void> {
  writer.type('stty -echo; cat > numbers\r');
  for (const line of numbered) {
    writer.type(`${line}\r`);
    await new Promise(resolve => setTimeout(resolve, 8));
  }
}

/** In each, the names of the parts, one a line, each typed before its part dies and seen after it; then a line on top. */
async function edit(
  editors: readonly Viewer[],
  named: typeof parts,
  kill: (part: (up: Up) => Promise<void>) => Promise<void>,
): Promise<void> {
  for (const vi of editors) vi.type('ifirst');
  for (const [name, part] of Object.entries(named)) {
    for (const vi of editors) vi.type(`\r${name}`);
    await kill(part);
    for (const vi of editors) await vi.shows(name);
  }
  await Promise.all(editors.map(finish));
}

async function finish(vi: Viewer): Promise<void> {
  // An ESC with more behind it would be a key of its own.
  vi.type('\u001b');
  await waitFor(() => !/^I |INSERT/.test(vi.lines().at(-1)!), {within: 20_000, what: 'the editor has seen the ESC'});
  await settled(vi);
  vi.type('1GOtop');
  await vi.shows('top');
  vi.type('\u001b');
  await settled(vi);
  vi.type('G');
}

async function showsTheSame(viewer: Viewer, wanted: unknown): Promise<void> {
  const isSame = async () => JSON.stringify(await settled(viewer)) === JSON.stringify(wanted);
  await waitFor(isSame, {within: 10_000, what: 'the screen is that of the control'}).catch(() => expect(viewer.looks()).toEqual(wanted));
}

/** How it looks when nothing more comes. */
async function settled(viewer: Viewer): Promise<unknown> {
  for (let before = JSON.stringify(viewer.looks()); ;) {
    await new Promise(resolve => setTimeout(resolve, 150));
    const now = JSON.stringify(viewer.looks());
    if (now === before) return JSON.parse(now);
    before = now;
  }
}
