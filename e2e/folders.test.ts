import {mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {Up, engines, waitFor} from './up.ts';

const here = await engines();
let up: Up;
beforeAll(async () => {
  up = await Up.open();
});
afterAll(() => up?.[Symbol.asyncDispose]());

let files = 0;
const file = (text: string): string => {
  const path = join(up.path, `team-${(files += 1)}.yaml`);
  writeFileSync(path, text);
  return path;
};
const on: Readonly<Record<string, string>> = {
  process: '    engine: process\n',
  docker: '    engine: docker\n    image: localhost/base:test\n',
  podman: '    engine: podman\n    image: localhost/base:test\n',
};
const role = (name: string, script: string, more = on['process']!) =>
  `  - name: ${name}\n    command: [sh, -c, ${JSON.stringify(script)}]\n${more}`;
const apply = (name: string, ...roles: readonly string[]) =>
  up.ok('clusters', 'apply', '-f', file(`name: ${name}\nfolders: [plans]\nroles:\n${roles.join('')}`));
const dir = (name: string, content: Readonly<Record<string, string>>): string => {
  const path = join(up.path, name);
  for (const [each, text] of Object.entries(content)) {
    mkdirSync(join(path, each, '..'), {recursive: true});
    writeFileSync(join(path, each), text);
  }
  return path;
};
const paths = async (...args: readonly string[]) => (await up.ok('folders', 'list', ...args, '-q')).trim().split('\n');

test.each(here)('a job on %s finds what others brought and brings what it changed', async engine => {
  const name = `on-${engine}`;
  const script =
    'cat shared/plans/sub/a.md; id -u > /dev/null; echo new > shared/plans/sub/b.md; rm shared/plans/gone; echo $BOXYARD_COPY_INDEX > role/cache/$BOXYARD_COPY_INDEX; echo out > $BOXYARD_OUT_DIR/result; mkdir -p private; echo mine > private/notes; ln -s /etc/passwd shared/plans/leak; chmod +x shared/plans/sub/a.md';
  await apply(name, role('builder', script, `${on[engine]!}    folders: [cache]\n    keepPrivate: 1h\n    copies: 2\n`));
  await up.ok('folders', 'put', name, dir(`plans-${engine}`, {'sub/a.md': 'hello\n', gone: 'x'}), 'shared/plans');
  const ran = await up.cli(['clusters', 'run', name, 'builder', '--wait']);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout.match(/hello/g)?.length).toBe(2);
  expect(ran.stderr).toContain('links and what is no plain file');
  const [run] = (await up.ok('clusters', 'logs', name, '-q')).trim().split('\n');
  const all = await Promise.all(['shared', 'roles', 'private'].map(kind => paths(name, kind)));
  expect(all.flat()).toEqual([
    `shared/out/${run}/0/result`,
    `shared/out/${run}/1/result`,
    'shared/plans/gone',
    'shared/plans/sub/a.md',
    'shared/plans/sub/b.md',
    'roles/builder/cache/0',
    'roles/builder/cache/1',
    `private/${run}/0/notes`,
    `private/${run}/1/notes`,
  ]);
  await up.ok('folders', 'get', name, 'shared/plans', `got-${engine}`);
  expect(readFileSync(join(up.path, `got-${engine}`, 'sub/b.md'), 'utf8')).toBe('new\n');
  expect(readdirSync(join(up.path, `got-${engine}`)).sort()).toEqual(['gone', 'sub']);
});

test('a file that two copies changed is there twice, and the run says so', async () => {
  await apply('twice', role('builder', 'sleep 1; echo "$BOXYARD_COPY_INDEX" > shared/plans/same', `${on['process']!}    copies: 2\n`));
  const ran = await up.cli(['clusters', 'run', 'twice', 'builder', '--wait']);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toMatch(/shared\/plans\/same: also kept as shared\/plans\/same\.conflict-j-/);
  const found = await paths('twice', 'shared/plans');
  expect(found.length).toBe(2);
  const [run] = (await up.ok('clusters', 'logs', 'twice', '-q')).trim().split('\n');
  expect(await up.ok('jobs', 'show', run!)).toContain('Conflicts:');
  await up.ok('folders', 'get', 'twice', 'shared/plans', 'both');
  expect(
    readdirSync(join(up.path, 'both'))
      .map(each => readFileSync(join(up.path, 'both', each), 'utf8').trim())
      .sort(),
  ).toEqual(['0', '1']);
});

test('changes start the roles that watch them, with their list, and not those that made them', async () => {
  const watch = `${on['process']!}    triggers: {watch: [shared/plans]}\n`;
  await apply('watched', role('reader', 'echo "$BOXYARD_CHANGED_FILES"; echo seen > shared/plans/seen', watch));
  await up.ok('folders', 'put', 'watched', dir('first', {'a.md': 'x'}), 'shared/plans');
  const run = await waitFor(async () => (await up.ok('clusters', 'logs', 'watched', 'reader', '-q')).trim() || undefined, {
    within: 20_000,
    what: 'the change starts a run',
  });
  expect((await up.cli(['jobs', 'wait', run])).code).toBe(0);
  expect(await up.ok('jobs', 'show', run)).toContain('Trigger: files changed: shared/plans/a.md');
  expect(await up.ok('jobs', 'logs', run)).toBe('[{"path":"shared/plans/a.md","is":"changed"}]\n');
  expect(await paths('watched', 'shared/plans')).toContain('shared/plans/seen');
  const due = (await up.api.must<{roles: {next?: string}[]}>('GET', '/v1/clusters/watched')).roles[0];
  expect(due?.next).toBeUndefined();
  expect((await up.ok('clusters', 'logs', 'watched', 'reader', '-q')).trim().split('\n').length).toBe(1);
});

test('what is kept of a run: what it was told, what started it, how it went and what it wrote', async () => {
  const script = 'echo out; echo err >&2; exit 3';
  await apply('kept', role('builder', script, `${on['process']!}    instructions: Build it.\n    prompt: Once.\n`));
  await up.cli(['clusters', 'run', 'kept', 'builder', '--wait', '--prompt', 'Twice.']);
  const [run] = (await up.ok('clusters', 'logs', 'kept', 'builder', '-q')).trim().split('\n');
  const shown = await up.cli(['clusters', 'logs', 'kept', 'builder', run!]);
  for (const text of ['Trigger: manual', 'Status:  failed', 'Exit:    exit 3', 'Twice.', 'out']) expect(shown.stdout).toContain(text);
  expect(shown.stderr).toContain('err');
  expect(await up.ok('clusters', 'logs', 'kept', 'builder', run!, '--file', 'system-prompt.md')).toContain('Build it.');
  await up.ok('clusters', 'logs', 'kept', 'builder', run!, '--save', 'logs');
  const saved = join(up.path, 'logs', run!);
  expect(readdirSync(saved).sort()).toEqual([
    'meta.json',
    'stderr.txt',
    'stdout.txt',
    'system-prompt.md',
    'trigger.json',
    'user-prompt.md',
  ]);
  expect(readFileSync(join(saved, 'stdout.txt'), 'utf8')).toBe('out\n');
  expect(JSON.parse(readFileSync(join(saved, 'meta.json'), 'utf8'))).toMatchObject({
    roleName: 'builder',
    state: 'ended',
    outcome: 'failed',
  });
  expect((await up.cli(['clusters', 'logs', 'kept', 'other', run!])).code).not.toBe(0);
  await up.ok('clusters', 'apply', '-f', file(`name: elsewhere\nroles: []\n`));
  expect((await up.cli(['clusters', 'logs', 'elsewhere', 'builder', run!])).code).toBe(5);
});

test('a run that was killed has its end too', async () => {
  await apply('killed', role('builder', 'echo begun; sleep 600', `${on['process']!}    grace: 1s\n`));
  const run = (await up.ok('clusters', 'run', 'killed', 'builder')).trim();
  await waitFor(async () => (await up.ok('jobs', 'logs', run)).includes('begun'), {within: 20_000, what: 'it runs'});
  await up.ok('clusters', 'stop', 'killed');
  await up.ended(run);
  const meta = JSON.parse(await up.ok('clusters', 'logs', 'killed', 'builder', run, '--file', 'meta.json')) as Record<string, string>;
  expect(meta).toMatchObject({state: 'ended', outcome: 'cancelled'});
  expect(Date.parse(meta['endedAt']!)).toBeGreaterThanOrEqual(Date.parse(meta['startedAt']!));
});

test('what a person asks for wrongly is refused with the way out, and nothing is changed', async () => {
  await apply('strict', role('builder', 'true'));
  const plain = dir('plain', {'a.md': 'x'});
  expect((await up.cli(['folders', 'put', 'strict', plain, 'shared/palns'])).stderr).toContain('Name it in the cluster’s document');
  expect((await up.cli(['folders', 'put', 'stirct', plain, 'shared/plans'])).stderr).toContain('strict');
  expect((await up.cli(['folders', 'get', 'strict', 'shared/plans'])).code).toBe(5);
  expect((await up.cli(['folders', 'remove', 'strict', 'shared/plans'])).code).toBe(5);
  symlinkSync('/etc/passwd', join(plain, 'link'));
  expect((await up.cli(['folders', 'put', 'strict', plain, 'shared/plans'])).stderr).toContain('"link" is a symlink');
  expect(await up.ok('folders', 'list', 'strict', 'shared/plans', '-o', 'json')).toContain('"items": []');
  const bad = await up.cli(['clusters', 'apply', '-f', file('name: strict\nfolders: [../x]\nroles: []\n')]);
  expect(bad.stderr).toContain('expected letters, digits');
  const watch = file(`name: strict\nroles:\n${role('a', 'true', `${on['process']!}    triggers: {watch: [/etc]}\n`)}`);
  expect((await up.cli(['clusters', 'apply', '-f', watch])).stderr).toContain('expected a path such as shared/plans');
});

test('a file that is too large, or are too many, fails the job that brings it and says which', async () => {
  const big = 'dd if=/dev/zero of=shared/plans/big bs=1048576 count=257 2>/dev/null';
  const many = 'i=0; while [ $i -le 10000 ]; do : > shared/plans/$i; i=$((i+1)); done';
  await apply('large', role('big', big), role('many', many));
  for (const [name, why] of Object.entries({big: 'bytes of one file in a folder (shared/plans/big)', many: 'files in shared/plans'})) {
    const ran = await up.cli(['clusters', 'run', 'large', name, '--wait']);
    expect(ran.code).toBe(125);
    expect(ran.stderr).toContain(why);
  }
  expect(await up.ok('folders', 'list', 'large', 'shared/plans', '-o', 'json')).toContain('"items": []');
});
