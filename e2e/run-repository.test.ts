import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {serveRepository, type HttpsRepository} from './https-repository.ts';
import {desktopImage, hasImage, Up} from './up.ts';

let up: Up;
let repository: HttpsRepository;
beforeAll(async () => {
  up = await Up.open();
  repository = await serveRepository(join(up.path, 'git'));
});
afterAll(async () => {
  await repository?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
});

/** git trusts the test's own authority by the job's environment; nothing of the machine is changed. */
const trusting = () => ['-e', `GIT_SSL_CAINFO=${repository.authority}`];
const url = (path: string) => `https://127.0.0.1:${repository.port}${path}`;

test('a repository is cloned at its branch and the command runs in it', async () => {
  const ran = await up.cli([
    'run',
    '--engine',
    'process',
    '--repo',
    url('/app.git'),
    '--branch',
    'topic',
    ...trusting(),
    '--',
    'cat',
    'file.txt',
  ]);
  expect([ran.code, ran.stdout], ran.stderr).toEqual([0, 'on topic\n']);
  const failing = await up.cli([
    'run',
    '--engine',
    'process',
    '--repo',
    url('/app.git'),
    ...trusting(),
    '--',
    'sh',
    '-c',
    'cat file.txt; exit 6',
  ]);
  expect([failing.code, failing.stdout], failing.stderr).toEqual([6, 'on main\n']);
});

test('a private repository says what it needs, and is cloned with the secret that nothing shows', async () => {
  const args = [
    'run',
    '--engine',
    'process',
    '--repo',
    url('/private/app.git'),
    ...trusting(),
    '--',
    'sh',
    '-c',
    'cat file.txt; env; cat .git/config',
  ];
  const refused = await up.cli(args);
  expect(refused.code, refused.stderr).toBe(125);
  expect(refused.stderr).toContain('127.0.0.1 refused the clone.');
  expect(refused.stderr).toContain('boxyard secrets set git:127.0.0.1');
  const set = await up.cli(['secrets', 'set', 'git:127.0.0.1'], {input: repository.login});
  expect(set.code, set.stderr).toBe(0);
  const ran = await up.cli(args);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).toContain('on main\n');
  expect(ran.stdout + ran.stderr).not.toContain('pa55-of-anna');
  expect(JSON.stringify(await up.api.jobs())).not.toContain('pa55-of-anna');
});

test('hostile addresses and branches are refused before anything runs', async () => {
  const before = (await up.api.jobs()).length;
  for (const [address, branch] of [
    ['file:///etc', 'main'],
    ['http://127.0.0.1/app.git', 'main'],
    ['ext::sh -c touch% /tmp/x', 'main'],
    ['https://user:word@127.0.0.1/app.git', 'main'],
    ['-oProxyCommand=x', 'main'],
    [url('/app.git'), '--upload-pack=x'],
  ] as const) {
    const ran = await up.cli(['run', '--engine', 'process', `--repo=${address}`, `--branch=${branch}`, '--', 'true']);
    expect([ran.code, ran.stderr.trim().split('\n').length >= 1], `${address} ${branch}`).toEqual([2, true]);
  }
  expect((await up.api.jobs()).length).toBe(before);
});

test('a DevBox is made of a repository inside a container', async () => {
  const address = '172.17.0.1';
  if (!(await hasImage('docker', desktopImage))) return console.log(`skipped: docker has no ${desktopImage}, which has git`);
  await using outside = await serveRepository(join(up.path, 'git-outside'), {host: address});
  const flags = [
    '--engine',
    'docker',
    '--image',
    desktopImage,
    '--repo',
    `https://${address}:${outside.port}/app.git`,
    '--branch',
    'topic',
  ];
  const made = await up.cli(['devboxes', 'create', 'app', ...flags, '-e', 'GIT_SSL_NO_VERIFY=1', '--setup', 'wc -l < file.txt > lines'], {
    within: 90_000,
  });
  expect(made.code, made.stderr).toBe(0);
  const ran = await up.cli(['exec', 'app', '--', 'sh', '-c', 'cat file.txt lines; git rev-parse --abbrev-ref HEAD']);
  expect([ran.code, ran.stdout], ran.stderr).toEqual([0, 'on topic\n1\ntopic\n']);
  expect((await up.cli(['devboxes', 'remove', 'app', '--now'])).code).toBe(0);
});

test('an image without git says so', async () => {
  if (!(await hasImage('docker', 'localhost/base:test'))) return console.log('skipped: docker has no localhost/base:test');
  const ran = await up.cli(['run', '--engine', 'docker', '--image', 'localhost/base:test', '--repo', url('/app.git'), '--', 'true']);
  expect(ran.code).toBe(125);
  expect(ran.stderr).toContain('has no git.');
});
