import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import type {PluginView} from '@boxyard/core/api';
import {boxyard, machineEnv, projectRoot} from '../faults/lab/directories.ts';
import type {Ran} from '../faults/lab/run-command.ts';
import {engines, hasImage, run, Up, waitUntil} from './up.ts';

const ALL_MS = 240_000;
const root = mkdtempSync(join(tmpdir(), 'bxe-'));
const env = machineEnv(root);
afterAll(() => rmSync(root, {recursive: true, force: true}));

const cli = (args: readonly string[], more: {cwd?: string; env?: Record<string, string>} = {}): Promise<Ran> =>
  run([boxyard, ...args], {cwd: more.cwd ?? root, env: {...env, ...more.env}, within: ALL_MS});

/** Lines that say what did not hold. */
const failed = ({stdout, stderr}: Ran) => `${stderr}${stdout}`.split('\n').filter(line => / FAIL /.test(line));

test.each(['engine', 'reporter', 'display'])(
  'a new %s builds and holds as it is, with nothing from a network',
  {timeout: ALL_MS},
  async kind => {
    const made = await cli(['plugins', 'create', `my-${kind}`, '--kind', kind]);
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining(`my-${kind}/src/index.ts`)]);
    const cwd = join(root, `my-${kind}`);
    const early = await cli(['plugins', 'verify', '.'], {cwd});
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('npm run build')]);
    symlinkSync(join(projectRoot, 'node_modules'), join(cwd, 'node_modules'));
    const built = await run(['npm', 'run', '--silent', 'build'], {cwd, env});
    expect([built.code, built.stdout]).toEqual([0, '']);
    const tried = await cli(['plugins', 'verify', '.', ...(kind === 'display' ? ['--engine', 'process'] : [])], {cwd});
    expect([failed(tried), tried.code]).toEqual([[], 0]);
    expect((await cli(['plugins', 'create', `my-${kind}`, '--kind', kind])).code).toBe(6);
  },
);

test('the example of an engine holds, in fewer than 150 lines, or says why it is not usable here', {timeout: ALL_MS}, async ({skip}) => {
  const dir = join(projectRoot, 'examples/engine-bubblewrap');
  const tried = await cli(['plugins', 'verify', dir]);
  expect(readFileSync(join(dir, 'engine.ts'), 'utf8').split('\n').length).toBeLessThan(151);
  if (/is not usable here/.test(tried.stdout)) {
    expect(tried.code).toBe(1);
    console.log(`skipped: ${tried.stdout.trim()}`);
    skip();
  }
  expect([failed(tried), tried.code]).toEqual([[], 0]);
  expect(tried.stdout).toMatch(/network +yes +holds: 1 case/);
});

test('the example of a reporter holds', {timeout: ALL_MS}, async () => {
  const tried = await cli(['plugins', 'verify', join(projectRoot, 'examples/reporter-chat')]);
  expect([failed(tried), tried.code]).toEqual([[], 0]);
});

const vncImage = 'localhost/vnc:test';
const hasXvnc = (await run(['sh', '-c', 'command -v Xtigervnc'])).code === 0;

test.each(['process', 'docker', 'podman'] as const)('our own display holds on %s', {timeout: ALL_MS}, async engine => {
  const isThere = engine === 'process' ? hasXvnc : (await engines()).includes(engine) && (await hasImage(engine, vncImage));
  if (!isThere) return console.log(`skipped: ${engine} has no X server`);
  const tried = await cli(['plugins', 'verify', 'vnc', '--engine', engine, ...(engine === 'process' ? [] : ['--image', vncImage])]);
  expect([failed(tried), tried.code]).toEqual([[], 0]);
});

test.each(['webhook', 'log'])('our own reporter %s holds', {timeout: ALL_MS}, async name => {
  const tried = await cli(['plugins', 'verify', name]);
  expect([failed(tried), tried.code]).toEqual([[], 0]);
});

test('no plugin of ours, and none of the examples, imports anything of ours at run time', () => {
  for (const file of [
    'engine-bubblewrap/engine',
    'reporter-chat/reporter',
    'templates/engine',
    'templates/reporter',
    'templates/display',
  ]) {
    const source = readFileSync(join(projectRoot, 'examples', `${file}.ts`), 'utf8');
    const imported = [...source.matchAll(/^import (type )?.* from '([^']+)';$/gm)].filter(([, isType]) => isType === undefined);
    expect(imported.map(([, , from]) => from).filter(from => !from!.startsWith('node:'))).toEqual([]);
  }
});

const broken = (report: string) => `
export default {kind: 'reporter', name: 'broken', api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'own', validate: value => ({value})}},
  create: () => ({report: ${report}})};
`;

test.each([
  {what: 'that throws', report: `async () => { throw new Error('no ' + 'way') }`, code: 1, says: 'no way'},
  {what: 'that answers nonsense', report: `async () => 7`, code: 1, says: 'neither delivered, gone nor a reason'},
  {what: 'that hangs', report: `() => new Promise(() => undefined)`, code: 1, says: 'it did not end within 1 s'},
  {what: 'that ends the process', report: `async () => process.exit(0)`, code: 1, says: 'it ended the process that tried it (exit 0)'},
])('a plugin $what fails by name, and the command with it', {timeout: ALL_MS}, async ({report, code, says}) => {
  const file = join(root, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, broken(report));
  const tried = await cli(['plugins', 'verify', file, '--case', 'an event is taken', '--case-timeout', '1s', '-o', 'json']);
  expect([tried.code, tried.stderr + tried.stdout]).toEqual([code, expect.stringContaining(says)]);
  if (!says.includes('ended the process'))
    expect(JSON.parse(tried.stdout)).toMatchObject({name: 'broken', kind: 'reporter', verdict: 'fails', cases: [{outcome: 'failed'}]});
});

const boxes = async (engine: string): Promise<readonly string[]> => {
  if (engine === 'process') return [];
  const {stdout} = await run([engine, 'ps', '-a', '--filter', 'label=boxyard.conformance', '--format', '{{.Names}}']);
  return stdout.split('\n').filter(Boolean);
};

const loops = 'for (;;) ;';
const flood = `for (let i = 0; i < 2e4; i++) if (!process.stdout.write('flood '.repeat(9))) await new Promise(go => process.stdout.once('drain', go));`;
const memory = 'const all = []; for (;;) all.push(new Array(1e5).fill(Math.random()));';
const besideTheHeap = 'const all = []; for (;;) { all.push(Buffer.alloc(1e8, 1)); await new Promise(setImmediate); }';

test.each([
  {what: 'ends the process', source: 'process.exit(0);', says: 'failed in its module: it ended the process that tried it (exit 0)'},
  {what: 'loops for ever', source: loops, says: 'failed in its module: nothing else ran for 5 s'},
  {what: 'takes all memory', source: memory, says: 'failed in its module: it '},
  {what: 'takes all memory beside the heap', source: besideTheHeap, says: 'GiB of memory'},
  {
    what: 'never finishes',
    source: 'await new Promise(() => setInterval(() => undefined, 1e3));',
    says: 'no answer within 10000 ms',
    code: 2,
  },
  {what: 'throws', source: `throw new Error('no ' + 'way');`, says: 'no way', code: 2},
  {
    what: 'floods its output',
    source: flood,
    says: 'writes more',
    code: 2,
  },
  {what: 'loops when it is made', source: broken('1').replace('({report: 1})', `{${loops}}`), says: 'nothing else ran for 5 s'},
  {what: 'loops in a case', source: broken(`() => {${loops}}`), says: 'failed in the case “an event is taken'},
])(
  'a plugin that $what ends the command with an error that names it, and nothing stays',
  {timeout: ALL_MS},
  async ({source, says, code = 1}) => {
    const own = mkdtempSync(join(root, 'own-'));
    const file = join(own, 'plugin.mjs');
    writeFileSync(file, source);
    const args = ['plugins', 'verify', file, '--case', 'an event is taken', '--case-timeout', '5s'];
    const tried = await cli(args, {env: {TMPDIR: own}});
    expect([tried.code, tried.stdout], tried.stderr).toEqual([code, '']);
    expect(tried.stderr.length).toBeLessThan(40_000);
    expect(tried.stderr).toContain(says);
    expect(tried.stderr).toContain(file);
    expect(readdirSync(own)).toEqual(['plugin.mjs']);
  },
);

test('what a plugin writes is never mixed into what is printed for programs', {timeout: ALL_MS}, async () => {
  const file = join(root, 'chatty.mjs');
  writeFileSync(file, `console.log('hello from it');${broken(`async () => (console.log('again'), 'delivered')`)}`);
  const tried = await cli(['plugins', 'verify', file, '--case', 'an event is taken', '-o', 'json']);
  expect(JSON.parse(tried.stdout)).toMatchObject({name: 'broken', cases: [{outcome: expect.any(String)}]});
  expect(tried.stderr).toContain('hello from it');
});

test('Ctrl-C leaves no box and no folder behind', {timeout: ALL_MS}, async () => {
  const engine = (await engines()).find(each => each !== 'process') ?? 'process';
  const own = join(root, 'tmp');
  mkdirSync(own);
  const before = await boxes(engine);
  const args = ['plugins', 'verify', engine, ...(engine === 'process' ? [] : ['--image', 'localhost/base:test'])];
  const child = spawn(boxyard, args, {env: {...env, TMPDIR: own}, stdio: ['ignore', 'ignore', 'pipe']});
  let said = '';
  for await (const bytes of child.stderr) {
    said += String(bytes);
    if (/ ok {3}/.test(said) && !child.killed) child.kill('SIGINT');
  }
  const [code] = child.exitCode === null ? ((await once(child, 'exit')) as [number]) : [child.exitCode];
  expect([code, said]).toEqual([130, expect.stringContaining('removing what was made')]);
  expect(readdirSync(own).filter(name => name.startsWith('bxv-'))).toEqual([]);
  // Other tests of this machine may try engines at the same time: theirs go away by themselves, ours would stay.
  const left = (await boxes(engine)).filter(name => !before.includes(name));
  const stays = async () => (await boxes(engine)).filter(name => left.includes(name));
  await waitUntil(stays, names => names.length === 0, {within: 120_000, what: 'no box of a case is left'});
});

test(
  'a worker runs a stranger’s engine that is pinned, and tells why it refused one whose files are others',
  {timeout: ALL_MS},
  async () => {
    const mine = join(root, 'pinned');
    await cli(['plugins', 'create', 'pinned', '--kind', 'engine']);
    symlinkSync(join(projectRoot, 'node_modules'), join(mine, 'node_modules'));
    expect((await run(['npm', 'run', '--silent', 'build'], {cwd: mine, env})).code).toBe(0);
    const {version, integrity} = JSON.parse((await cli(['plugins', 'show', './pinned', '-o', 'json'])).stdout) as Record<string, string>;
    const other = `sha256-${'A'.repeat(43)}=`;
    const chat = join(projectRoot, 'examples/reporter-chat');
    await using up = await Up.prepare({BOXYARD_SERVER_CONFIG: join(root, 'server.yaml')});
    mkdirSync(join(up.root, 'config/boxyard'), {recursive: true, mode: 0o700});
    const settings = [
      {module: mine, version, integrity},
      {module: join(projectRoot, 'examples/engine-bubblewrap'), integrity: other},
    ];
    writeFileSync(join(up.root, 'config/boxyard/config.json'), JSON.stringify({engines: ['process', ...settings]}), {mode: 0o600});
    writeFileSync(
      join(root, 'server.yaml'),
      JSON.stringify({
        reporters: [
          {module: chat, config: {origins: []}},
          {module: chat, integrity: other},
        ],
      }),
    );
    await up.start();
    const list = async () => (await up.json<{items: PluginView[]}>('plugins', 'list')).items;
    const isSettled = (items: readonly PluginView[]) => items.some(({name, state}) => name === 'pinned' && state === 'usable');
    const items = await waitUntil(list, isSettled, {within: 20_000, what: 'the engine is usable'});
    const of = (name: string, kind: string) => items.filter(each => each.name === name && each.kind === kind);
    expect(of('pinned', 'engine')).toMatchObject([{version, integrity, isPinned: true, module: mine}]);
    expect(of('chat', 'reporter')).toMatchObject([{where: 'server', state: 'usable', isPinned: false}]);
    const refused = items.filter(({state}) => state === 'not-loaded');
    expect(refused.map(({kind}) => kind).sort()).toEqual(['engine', 'reporter']);
    for (const {why} of refused) expect(why).toContain(`its files are not those of the config: expected ${other}, got sha256-`);
    expect(await up.ok('run', '--engine', 'pinned', '--profile', 'open', '--', 'echo', 'said')).toBe('said\n');
    expect(await up.ok('plugins', 'show', 'pinned')).toContain('Pinned:    yes, to this integrity');
    expect(existsSync(join(mine, 'dist/index.js'))).toBe(true);
  },
);
