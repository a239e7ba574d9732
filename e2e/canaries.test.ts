import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {askingRegistry} from './asking-registry.ts';
import {lookAtRedis, monitor, redisPassword} from './canary-redis.ts';
import {CanarySearch, type Allowed} from './canary-search.ts';
import {serveRepository, type HttpsRepository} from './https-repository.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {engines, killPart, must, on, run, Up, waitFor} from './up.ts';

/**
 * Everything at once: secrets of every kind go through whatever takes secrets, then everything that can be read is read, and
 * each secret is only where this list says.
 */
const allowed: readonly Allowed[] = [
  {kind: /^the owner's token$/, where: /^files:\/config:\/boxyard\/local-token$/, why: 'the file it is kept in, of its owner alone'},
  {kind: /^the worker's credential$/, where: /^files:\/config:\/boxyard\/worker\.json$/, why: 'the file it is kept in, of its owner alone'},
  {kind: /^Redis' password$/, where: /^files:\/data:\/boxyard\/server\/redis\/(password|redis\.conf)$/, why: 'Redis reads it there'},
  {kind: /^Redis' password$/, where: /^environment: redis-cli /, why: 'our own looking'},
  {kind: /^a token$/, where: /^environment: (\S+\/)?(boxyard|node|sh) /, why: 'the person gave it so, by BOXYARD_TOKEN'},
  {kind: /^a (token|invitation)$/, where: /^answer: (tokens create|workers invite)$/, why: 'shown once, to who made it'},
  {kind: /^a (secret as a variable|value of --env-file)$/, where: /^environment: /, why: 'it was asked for as a variable of that program'},
  {kind: /^a (secret as a variable|value of --env-file)$/, where: /^inspect: \w+: Env$/, why: 'how an engine gives a box a variable'},
  {
    kind: /^a secret as a variable$/,
    where: /^inspect: image_docker$/,
    why: 'old docker writes into an image what its box was; docs/secrets.md',
  },
  {kind: /^a git login$/, where: /^environment: /, why: 'of the programs of the clone: git asks its helper, which has it from there'},
];

let up: Up;
let repository: HttpsRepository;
let registry: {readonly address: string; readonly logins: string[]; close(): void};
const search = new CanarySearch();
const here = await engines();

beforeAll(async () => {
  up = await Up.open();
  repository = await serveRepository(join(up.root, 'repository'), {password: search.add('a git login')});
  registry = await askingRegistry();
});
afterAll(async () => {
  registry?.close();
  await repository?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
});

/** What the person's own program says is looked through too. */
async function cli(args: readonly string[], input?: string): Promise<string> {
  const ran = await up.cli(args, {within: 90_000, ...(input === undefined ? {} : {input})});
  const called = args.slice(0, 2).join(' ');
  search.look(`answer: ${called}`, ran.stdout);
  search.look(`error: ${called}`, ran.stderr);
  return ran.stdout;
}

test('a secret is only where the list says, after all that may be done with it and every kill', {timeout: 300_000}, async () => {
  const given = {
    variable: search.add('a secret as a variable'),
    file: search.add('a secret as a file'),
    line: search.add('a value of --env-file'),
    login: search.add('a registry login'),
  };
  knownSecrets();
  const stopWatching = search.watchProcesses();
  const stopMonitor = await monitor(up.root, search);
  const record = await up.api.follow({
    onEvent: event => search.look('events', JSON.stringify(event)),
    onReset: () => undefined,
    onEnd: () => undefined,
  });
  for (const {pid, command} of up.processes(/server\.js|agent\.js|session-host|redis-server/))
    expect([command, /^Max core file size +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]]).toEqual([command, '0']);
  await keep(given);
  await using dashboard = hasTmux ? await openTerminal(`${boxyard}`, {...up.env, NO_COLOR: ''}) : undefined;
  const drawn = await dashboard?.record();
  for (const engine of here) await use(engine, given);
  await misuse(given);
  search.look('dashboard', drawn?.() ?? '');
  await killed(given);
  record();
  await stopMonitor();
  await lookAtEverything();
  await stopWatching();
  if (here.length > 1) expect(registry.logins).toContain(`anna:${given.login}`);
  expect(search.strays(allowed)).toEqual([]);
});

type Given = Readonly<Record<'variable' | 'file' | 'line' | 'login', string>>;

/** What the installation made for itself. */
function knownSecrets(): void {
  const file = (path: string) => readFileSync(join(up.root, path), 'utf8').trim();
  search.add("the owner's token", file('config/boxyard/local-token').split('_').at(-1)!);
  search.add("the worker's credential", (JSON.parse(file('config/boxyard/worker.json')) as {credential: string}).credential);
  search.add("Redis' password", redisPassword(up.root));
}

async function keep(given: Given): Promise<void> {
  await cli(['secrets', 'set', 'of-env'], given.variable);
  await cli(['secrets', 'set', 'of-file'], given.file);
  await cli(['secrets', 'set', 'git:127.0.0.1'], repository.login);
  await cli(['secrets', 'set', `registry:${registry.address}`], `anna:${given.login}`);
  await cli(['secrets', 'list', '-o', 'json']);
  const {token} = JSON.parse(await cli(['tokens', 'create', 'of-anna', '--access', 'member', '-o', 'json'])) as {token: string};
  search.add('a token', token.split('_').at(-1));
  const {line} = JSON.parse(await cli(['workers', 'invite', '-o', 'json'])) as {line: string};
  search.add('an invitation', line.split('_').at(-1));
  await cli(['tokens', 'list', '-o', 'json']);
  const api = {env: {BOXYARD_TOKEN: token}};
  const asAnna = await up.cli(['run', '--image', 'localhost/base:test', '--detach', '--', 'true'], api);
  search.look('error: as anna', asAnna.stdout + asAnna.stderr);
}

/** Whole, in halves (of 39 characters) with a pause between, byte by byte, in encodings, on both streams, and in the words of a shell that fails. */
const tell = `
say() { echo "out $1"; echo "err $1" >&2; }
say "$GIVEN"; say "$LINE"; [ -r /run/boxyard/secrets/key ] && say "$(cat /run/boxyard/secrets/key)"
for one in "$GIVEN" "$LINE"; do
  printf %s "\${one%??????????????????}"; sleep 0.4; printf '%s\\n' "\${one#?????????????????????}"
  rest=$one; while [ -n "$rest" ]; do next=\${rest#?}; printf %s "\${rest%"$next"}"; rest=$next; sleep 0.01; done; echo
  printf %s "$one" | base64; printf 'x%s' "$one" | base64; printf 'xy%s' "$one" | base64
  "$one"
done
sleep \${1:-0}; say "$GIVEN"; exit 3`;

async function use(engine: string, given: Given): Promise<void> {
  const envFile = join(up.root, 'given.env');
  writeFileSync(envFile, `LINE=${given.line}\n`, {mode: 0o600});
  const files = engine === 'process' ? [] : ['--secret', 'file:of-file=key'];
  const secrets = ['--secret', 'of-env=GIVEN', '--env-file', envFile];
  await cli(['run', ...on(engine), ...secrets, ...files, '--', 'sh', '-c', tell]);
  await cli(['run', ...on(engine), ...secrets, '--', 'no-such-program-here']);
  const box = `b-${engine}`;
  await cli(['devboxes', 'create', box, ...on(engine), '--secret', 'of-env=GIVEN', ...files, '--setup', 'echo "$GIVEN"; "$GIVEN" || true']);
  await cli(['exec', '--env-file', envFile, box, '--', 'sh', '-c', tell]);
  await cli(['exec', '--detach', '--name', 'held', box, '--', 'sh', '-c', tell, 'sh', '1']);
  await atTerminal(box);
  if (engine !== 'process') await inspect(engine, box);
  await cli(['cp', `${box}:/etc/hostname`, join(up.path, `name-${engine}`)]);
  await cli(['devboxes', 'show', box, '-o', 'json']);
  await cli(['devboxes', 'remove', box, '--now']);
  if (engine === 'process') {
    const flags = ['--repo', `https://127.0.0.1:${repository.port}/private/app.git`, '-e', `GIT_SSL_CAINFO=${repository.authority}`];
    await cli(['run', '--engine', 'process', ...flags, '--', 'sh', '-c', 'env; cat .git/config file.txt']);
    return;
  }
  await cli(['images', 'pull', `${registry.address}/tools/one:1`, '--engine', engine]);
  const context = join(up.root, `context-${engine}`);
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), `FROM ${registry.address}/tools/one:1\nRUN env\n`);
  await cli(['images', 'build', context, '-t', 'localhost/canary:1', '--engine', engine]);
}

async function atTerminal(box: string): Promise<void> {
  if (!hasTmux) return;
  await using screen = await openTerminal(`${boxyard} exec -it ${box} -- sh -c "echo; echo \\$GIVEN; echo was said; sleep 1"`, up.env);
  const drawn = await screen.record();
  await screen.shows('was said');
  search.look('terminal', drawn());
  search.look('terminal', await screen.text());
}

/** Each part of what the engine tells of the box, and of an image that is made of it. */
async function inspect(engine: string, box: string): Promise<void> {
  const shown = await up.json<{box: string}>('devboxes', 'show', box);
  lookAt(engine, await must([engine, 'inspect', shown.box]));
  const {image} = await up.json<{image: {ref: string}}>('devboxes', 'snapshot', box, `canary-${engine}`);
  lookAt(`image-${engine}`.replace('-', '_'), await must([engine, 'image', 'inspect', image.ref]));
  search.look(`history: ${engine}`, await must([engine, 'history', '--no-trunc', image.ref]));
  await run([engine, 'rmi', '-f', image.ref]);
}

function lookAt(called: string, text: string): void {
  const [told] = JSON.parse(text) as [Record<string, unknown>];
  const {Env, ...config} = (told['Config'] ?? {}) as Record<string, unknown>;
  search.look(`inspect: ${called}: Env`, JSON.stringify(Env ?? []));
  search.look(`inspect: ${called}`, JSON.stringify({...told, Config: config}));
}

/** Requests that are refused, with the secret where it does not belong. */
async function misuse(given: Given): Promise<void> {
  const {api} = up;
  const asked: [string, string, object?][] = [
    ['PUT', '/v1/secrets/odd', {value: given.variable, more: given.file}],
    ['PUT', '/v1/secrets/odd', {value: [given.variable]}],
    ['POST', '/v1/jobs', {command: ['true'], secretEnv: {'1A': given.line}}],
    ['POST', '/v1/jobs', {command: ['true'], engine: 'process', secretEnv: {BOXYARD_X: given.line}}],
    ['GET', `/v1/jobs?token=${encodeURIComponent(given.variable)}`],
    ['GET', `/v1/events?access_token=${encodeURIComponent(given.variable)}`],
  ];
  for (const [method, path, body] of asked) {
    const answer = await api.call(method, path, {body});
    expect(answer.status, path).toBeGreaterThanOrEqual(400);
    search.look(`refusal of ${method} ${path.split('?')[0]}`, answer.bytes);
  }
  const wrong = await api.call('GET', '/v1/jobs', {headers: {authorization: `Bearer ${given.variable}`}});
  search.look('refusal of a token', wrong.bytes);
}

/** In the middle of jobs that have secrets each part is killed in turn, and each job tells its secret once more. */
async function killed(given: Given): Promise<void> {
  const envFile = join(up.root, 'given.env');
  writeFileSync(envFile, `LINE=${given.line}\n`, {mode: 0o600});
  const flags = ['--secret', 'of-env=GIVEN', '--env-file', envFile];
  const start = () => Promise.all(here.map(engine => up.detached(...on(engine), ...flags, '--', 'sh', '-c', tell, 'sh', '5')));
  const begun = async (ids: readonly string[]) => {
    for (const id of ids) await waitFor(async () => (await up.api.logs(id)).length > 50, {within: 20_000, what: `job ${id} writes`});
  };
  const first = await start();
  await begun(first);
  for (const part of [/server\.js/, /agent\.js/, /redis-server/]) await killPart(up, part);
  for (const id of first) await up.ended(id);
  const ids = await start();
  await begun(ids);
  for (const {pid} of up.processes(/session-host/)) process.kill(pid, 'SIGKILL');
  for (const id of ids) await up.ended(id);
  const last = await start();
  await begun(last);
  await up.killGroup();
  await up.start();
  for (const id of last) await up.ended(id);
}

async function lookAtEverything(): Promise<void> {
  const {api} = up;
  for (const {id} of await api.jobs()) {
    search.look('records', (await api.call('GET', `/v1/jobs/${id}`)).bytes);
    for (const stream of ['stdout', 'stderr', 'log'] as const)
      search.look(`log ${stream}`, (await api.call('GET', `/v1/jobs/${id}/logs?stream=${stream}`)).bytes);
    search.look('answer: jobs show', await up.ok('jobs', 'show', id));
    search.look('answer: jobs logs', (await up.cli(['jobs', 'logs', id])).bytes);
  }
  for (const path of [
    '/metrics',
    '/v1/health',
    '/v1/workers',
    '/v1/devboxes',
    '/v1/tokens',
    '/v1/invitations',
    '/v1/secrets',
    '/v1/images',
  ])
    search.look(`GET ${path}`, (await api.call('GET', path)).bytes);
  await lookAtRedis(up.root, search);
  for (const dir of ['config', 'data', 'state', 'run', 'open']) search.lookThrough(join(up.root, dir), `files:/${dir}`);
  search.look('files:up.log', up.program.log);
}
