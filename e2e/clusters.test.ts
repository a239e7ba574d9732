import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
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
const rolesOf = (name: string, ...roles: readonly string[]) => file(`name: ${name}\nroles:\n${roles.join('')}`);
const role = (name: string, script: string, more = '') =>
  `  - name: ${name}\n    engine: process\n    command: [sh, -c, ${JSON.stringify(script)}]\n${more}`;

test('a run of which some children fail ends with 7 and exact totals, however it was asked to see them through', async () => {
  const script = 'test $((BOXYARD_COPY_INDEX % 7)) -ne 0 || exit 1; echo done';
  await up.ok('clusters', 'apply', '-f', rolesOf('seven', role('builder', script, '    copies: 20\n    failurePolicy: best-effort\n')));
  const ran = await up.cli(['clusters', 'run', 'seven', 'builder', '--wait']);
  expect(ran.code, ran.stderr).toBe(7);
  expect(ran.stderr).toContain('20 in all, 17 succeeded, 3 failed');
  expect(ran.stdout.match(/done/g)?.length).toBe(17);
  const id = (await up.ok('clusters', 'run', 'seven', 'builder')).trim();
  expect((await up.cli(['jobs', 'wait', id])).code).toBe(7);
  expect((await up.ok('jobs', 'list', '--role', 'seven/builder', '-q')).trim().split('\n').length).toBe(2);
});

test('a dry run tells the difference and changes nothing; applying does; applying again has nothing to do', async () => {
  const first = rolesOf('diff', role('a', 'true'), role('b', 'true', '    env: {PORT: 3000}\n'));
  const tried = await up.cli(['clusters', 'apply', '-f', first, '--dry-run']);
  expect(tried.stdout).toContain('+ roles.a: ');
  expect(tried.stderr).toContain('nothing was changed');
  expect((await up.cli(['clusters', 'show', 'diff'])).code).not.toBe(0);
  await up.ok('clusters', 'apply', '-f', first);
  expect((await up.cli(['clusters', 'apply', '-f', first])).stderr).toContain('diff is as the file says.');
  const second = rolesOf('diff', role('b', 'false', '    env: {PORT: 3001}\n'));
  const changed = await up.ok('clusters', 'apply', '-f', second);
  expect(changed).toContain('- roles.a: ');
  expect(changed).toContain('~ roles.b.env: {"PORT":"3000"} -> {"PORT":"3001"}');
  expect(await up.ok('roles', 'list', '--cluster', 'diff', '-q')).toBe('diff/b\n');
});

test('one role is added, put in place of another and removed, without its file of all', async () => {
  await up.ok('clusters', 'apply', '-f', rolesOf('single', role('a', 'true')));
  expect(await up.ok('roles', 'create', 'single', '-f', file('name: b\nengine: process\ncommand: [sleep, 1]\nenv: {PORT: 1}\n'))).toContain(
    'sleep',
  );
  expect((await up.cli(['roles', 'create', 'single', '-f', file('name: b\ncommand: [x]\n')])).stderr).toContain('b is there twice');
  expect((await up.cli(['roles', 'create', 'single', '-f', file('name: c\ncomand: [x]\n')])).stderr).toContain('comand');
  await up.ok('roles', 'update', 'single', 'b', '-f', file("name: c\nengine: process\ncommand: ['true']\n"));
  expect(await up.ok('roles', 'list', '--cluster', 'single', '-q')).toBe('single/a\nsingle/c\n');
  expect((await up.cli(['clusters', 'run', 'single', 'c', '--wait'])).code).toBe(0);
  await up.ok('roles', 'remove', 'single', 'c');
  expect(await up.ok('roles', 'list', '--cluster', 'single', '-q')).toBe('single/a\n');
  expect((await up.cli(['roles', 'remove', 'single', 'c'])).code).not.toBe(0);
});

test('editors are given the form of the file', async () => {
  expect(JSON.parse(await up.ok('clusters', 'schema'))).toMatchObject({title: 'Boxyard cluster', required: ['name', 'roles']});
});

test('a file is refused where it is wrong, with its place, and nothing of it is stored', async () => {
  const refused = async (text: string) => (await up.cli(['clusters', 'apply', '-f', file(text)])).stderr;
  expect(await refused('name: bad\nroles:\n  - name: a\n    comand: [true]\n')).toMatch(
    /team-\d+\.yaml: roles\.0\.comand: is not a known field/,
  );
  expect(await refused('name: bad\nroles: [\n')).toContain('is not YAML');
  expect(await refused('name: bad\nroles:\n  - name: a\n')).toContain('a command is needed');
  expect(await refused('name: bad\nroles:\n  - name: a\n    command: [x]\n    timeout: soon\n')).toContain('expected a time such as');
  expect(await refused('name: bad\nroles:\n  - name: a\n    command: [x]\n    env: {BOXYARD_X: y}\n')).toContain('BOXYARD_X is reserved');
  expect(await refused('name: bad\nname: worse\nroles: []\n')).toContain('is not YAML');
  expect(await refused('name: bad\nroles: []\n---\nname: worse\nroles: []\n')).toContain('holds more than one document');
  expect((await up.cli(['clusters', 'apply', '-f', 'nowhere.yaml'])).stderr).toContain('nowhere.yaml: is not there');
  expect((await up.cli(['clusters', 'show', 'bad'])).stderr).toContain('No cluster bad.');
});

test('one run at a time: the next is refused with the way out, waits or takes its place, as the role says', async () => {
  const roles = ['reject', 'queue', 'replace'].map(overlap => role(overlap, 'sleep 60', `    overlap: ${overlap}\n    grace: 1s\n`));
  await up.ok('clusters', 'apply', '-f', rolesOf('busy', ...roles));
  const run = async (name: string) => (await up.ok('clusters', 'run', 'busy', name)).trim();
  const first = await run('reject');
  const refused = await up.cli(['clusters', 'run', 'busy', 'reject']);
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain('boxyard jobs list --role busy/reject');
  await up.ok('jobs', 'cancel', first);
  const [older, newer] = [await run('replace'), await run('replace')];
  expect((await up.cli(['jobs', 'wait', older])).code).toBe(130);
  await waitFor(async () => (await up.json<{state: string}>('jobs', 'show', newer)).state === 'running', {
    within: 20_000,
    what: 'the newer run goes on',
  });
  await run('queue');
  const waiting = await run('queue');
  expect(await up.ok('jobs', 'show', waiting)).toContain('busy/queue runs at most once at one time');
  await up.ok('clusters', 'stop', 'busy');
  for (const id of [newer, waiting]) expect((await up.cli(['jobs', 'wait', id])).code).toBe(130);
  await up.ok('clusters', 'disable', 'busy');
  expect((await up.cli(['clusters', 'run', 'busy', 'queue'])).stderr).toContain('boxyard clusters enable busy');
  await up.ok('clusters', 'remove', 'busy');
});

test.each(here.filter(engine => engine !== 'process'))('a role with an image runs on %s', async engine => {
  const text = `  - name: who\n    engine: ${engine}\n    image: localhost/base:test\n    command: [sh, -c, 'echo $BOXYARD_CLUSTER/$BOXYARD_ROLE $BOXYARD_INPUT_X']\n    copies: 2\n`;
  await up.ok('clusters', 'apply', '-f', rolesOf(`on-${engine}`, text));
  const ran = await up.cli(['clusters', 'run', `on-${engine}`, 'who', '--wait', '--input', 'x=1']);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout.match(new RegExp(`on-${engine}/who 1`, 'g'))?.length).toBe(2);
});

test('whoever has a token starts a role from outside: 200, and 403, 404 and 429 where it may not be', async () => {
  await up.ok('clusters', 'apply', '-f', rolesOf('hook', role('on-push', 'echo "$BOXYARD_WEBHOOK_PAYLOAD $BOXYARD_PROMPT"; sleep 2')));
  const ask = (path: string, body: unknown, headers: Record<string, string> = {'x-api-key': up.api.token ?? ''}) =>
    fetch(new URL(path, up.api.url), {
      method: 'POST',
      headers: {'content-type': 'application/json', ...headers},
      body: JSON.stringify(body),
    });
  const path = '/api/cluster/hook/role/on-push/webhook';
  const answer = await ask(path, {ref: 'main', prompt: 'Build it.'});
  expect(answer.status).toBe(200);
  const {job} = (await answer.json()) as {job: string};
  expect((await ask(path, {})).status).toBe(429);
  expect((await up.cli(['jobs', 'wait', job])).code).toBe(0);
  expect(await up.ok('jobs', 'logs', job)).toBe('{"ref":"main"} Build it.\n');
  expect((await ask(path, {}, {})).status).toBe(401);
  expect((await ask(path, {prompt: 'a\u0000b'})).status).toBe(400);
  expect((await ask('/api/cluster/hook/role/nobody/webhook', {})).status).toBe(404);
  await up.ok('clusters', 'disable', 'hook');
  expect((await ask(path, {})).status).toBe(403);
});

test('GitHub starts a role with what the CLI printed once: signed by openssl, run once however often it is delivered, and not any more without a secret', async () => {
  await up.ok('clusters', 'apply', '-f', rolesOf('signed', role('on-push', 'echo "$BOXYARD_WEBHOOK_PAYLOAD"', '    maxConcurrency: 9\n')));
  interface Hook {
    readonly url: string;
    readonly secret: string;
    readonly secrets: readonly object[];
  }
  const made = await up.json<Hook>('roles', 'webhook', 'signed', 'on-push', '--new-secret');
  expect(await up.ok('roles', 'webhook', 'signed', 'on-push')).not.toContain(made.secret);
  const body = '{"ref": "refs/heads/main"}';
  const openssl = spawnSync('openssl', ['dgst', '-sha256', '-hmac', made.secret, '-hex'], {input: body, encoding: 'utf8'});
  const signature = `sha256=${openssl.stdout.trim().split(' ').at(-1)}`;
  const deliver = (delivery: string, headers: Record<string, string> = {'x-hub-signature-256': signature}) =>
    fetch(made.url, {
      method: 'POST',
      headers: {'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': delivery, ...headers},
      body,
    });
  const answer = await deliver('d-1');
  expect(answer.status).toBe(200);
  const {job} = (await answer.json()) as {job: string};
  expect((await up.cli(['jobs', 'wait', job])).code).toBe(0);
  expect(await up.ok('jobs', 'logs', job)).toBe('{"ref":"refs/heads/main"}\n');
  expect(await up.ok('jobs', 'show', job)).toContain('webhook, signed');
  expect(await (await deliver('d-1')).json()).toEqual({ok: true, job});
  expect((await deliver('d-2', {})).status).toBe(401);
  expect((await deliver('d-2', {'x-hub-signature-256': signature.replace(/.$/, '~')})).status).toBe(401);
  await up.ok('roles', 'webhook', 'signed', 'on-push', '--new-secret');
  expect((await deliver('d-2')).status).toBe(200);
  await up.ok('roles', 'webhook', 'signed', 'on-push', '--new-secret', '--keep', '0s');
  expect((await deliver('d-3')).status).toBe(401);
  expect((await up.json<Hook>('roles', 'webhook', 'signed', 'on-push', '--remove-secret')).secrets).toEqual([]);
  expect((await up.cli(['roles', 'webhook', 'signed', 'on-push', '--keep', '1h'])).stderr).toContain('--new-secret');
});

test('runs and what waits behind them outlive kill -9 of everything', async () => {
  await up.ok('clusters', 'apply', '-f', rolesOf('tough', role('one', 'sleep 3; echo over', '    overlap: queue\n    copies: 2\n')));
  const runs = [];
  for (let run = 0; run < 2; run += 1) runs.push((await up.ok('clusters', 'run', 'tough', 'one')).trim());
  await up.killGroup();
  await up.start();
  for (const id of runs) expect((await up.cli(['jobs', 'wait', id])).code).toBe(0);
  expect(await up.ok('clusters', 'list')).toContain('tough');
});
