import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {Up} from './up.ts';

/** What a changing command would send, without sending it. */
let up: Up;
beforeAll(async () => {
  up = await Up.open();
});
afterAll(() => up?.[Symbol.asyncDispose]());

const changes: readonly (readonly [string, RegExp])[] = [
  ['run -- echo hi', /^POST \/v1\/jobs\n\{[^]*"command": \[\n +"echo",\n +"hi"/],
  ['devboxes create web --engine process', /^POST \/v1\/devboxes\n[^]*"name": "web"/],
  ['images pull debian:12', /^POST \/v1\/images\/pull\n[^]*"ref": "debian:12"/],
  ['images remove debian:12', /^POST \/v1\/images\/remove\n/],
  ['tokens create ci --access member', /^POST \/v1\/tokens\n/],
  ['tenants create guests', /^POST \/v1\/tenants\n/],
];

test.each(changes)('%s --dry-run prints the request', async (line, shown) => {
  const [words = [], command = []] = line.split(' -- ').map(part => part.split(' '));
  const ran = await up.cli([...words, '--dry-run', ...(command.length > 0 ? ['--', ...command] : [])]);
  expect([ran.code, ran.stdout], ran.stderr).toEqual([0, expect.stringMatching(shown)]);
  expect(ran.stderr).toContain('Nothing was sent.');
});

test('nothing of it has happened', async () => {
  const all = await Promise.all([up.ok('jobs', 'list', '-q'), up.ok('devboxes', 'list', '-q'), up.ok('tenants', 'list', '-q')]);
  expect(all).toEqual(['', '', 'local\n']);
});

test('as JSON it is one document, the directory was read but not sent, and secret values are hidden', async () => {
  const dir = join(up.path, 'dir');
  mkdirSync(dir);
  writeFileSync(join(dir, 'file'), 'x'.repeat(10_000));
  writeFileSync(join(up.path, 'env'), 'PASSWORD=canary\n');
  const ran = await up.cli(['run', '--dry-run', '-o', 'json', '--dir', dir, '--env-file', 'env', '--', 'make']);
  const request = JSON.parse(ran.stdout) as {method: string; body: {source: object; secretEnv: object}};
  expect(request).toMatchObject({method: 'POST', path: '/v1/jobs', sent: false});
  expect(request.body.source).toMatchObject({kind: 'dir', blob: '(not sent)'});
  expect(request.body.secretEnv).toEqual({PASSWORD: '(hidden)'});
  writeFileSync(join(up.path, 'signing'), `whsec_${Buffer.alloc(32, 'canary').toString('base64')}\n`);
  const signing = ['--secret-file', 'signing', '--dry-run'];
  for (const line of [
    ['webhooks', 'add', 'https://hooks.example.com/a'],
    ['roles', 'webhook', 'team', 'builder'],
  ]) {
    const {stdout} = await up.cli([...line, ...signing]);
    expect(stdout).toContain('"secret": "(hidden)"');
    expect(stdout).not.toContain('whsec_');
  }
});

test('what is named must exist, here with the nearest name, and what is wrong here is said as ever', async () => {
  const worker = (await up.ok('workers', 'list', '-q')).trim();
  const drained = await up.cli(['workers', 'drain', worker, '--dry-run']);
  expect([drained.code, drained.stdout]).toEqual([0, expect.stringMatching(/^POST \/v1\/workers\/\S+\/drain\n/)]);
  expect(await up.json('workers', 'show', worker)).toMatchObject({status: 'ready'});
  const slip = await up.cli(['workers', 'remove', `${worker}x`, '--dry-run']);
  expect([slip.code, slip.stderr]).toEqual([5, expect.stringContaining(`Did you mean ${worker}?`)]);
  for (const line of [
    ['exec', 'web', '--dry-run', '--', 'true'],
    ['jobs', 'cancel', 'j-none', '--dry-run'],
    ['run', '--dry-run', '--worker', 'none', '--', 'true'],
  ])
    expect((await up.cli(line)).code).toBe(line[0] === 'jobs' ? 5 : 125);
  expect((await up.cli(['run', '--dry-run', '--cpus', 'many', '--', 'true'])).code).toBe(2);
});
