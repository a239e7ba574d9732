import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawn} from '@lydell/node-pty';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {boxyard, machineEnv, projectRoot} from '../faults/lab/directories.ts';
import {foreign, serveForeign, type HostileServer} from './hostile-server.ts';

/** What each command lets through to a real terminal of what strangers wrote. */
interface Row {
  /** The line behind `boxyard`, or why there is none. */
  readonly line: readonly string[];
  /** It goes on until somebody ends it. */
  readonly lives?: true;
  /** On a machine that is a worker of the server. */
  readonly joins?: true;
  /** Nothing of strangers is in what it prints, and why. */
  readonly silent?: string;
  /** A job's own output, whose colours and carriage returns are promised. */
  readonly shows?: 'output' | 'screen';
}

const job = `j-${'a'.repeat(26)}`;
const rows: Readonly<Record<string, Row>> = {
  __complete: {line: ['__complete', '--', 'devboxes', 'show', '']},
  completion: {line: ['completion', 'bash'], silent: 'a script of ours'},
  'clusters:apply': {line: ['clusters', 'apply', '-f', 'team.json']},
  'clusters:disable': {line: ['clusters', 'disable', 'team']},
  'clusters:enable': {line: ['clusters', 'enable', 'team']},
  'clusters:list': {line: ['clusters', 'list', '-o', 'wide']},
  'clusters:logs': {line: ['clusters', 'logs', 'team', foreign, job], shows: 'output'},
  'clusters:remove': {line: ['clusters', 'remove', foreign]},
  'clusters:run': {line: ['clusters', 'run', 'team', 'builder']},
  'clusters:schema': {line: ['clusters', 'schema'], silent: 'it asks nobody'},
  'clusters:show': {line: ['clusters', 'show', 'team']},
  'clusters:stop': {line: ['clusters', 'stop', 'team']},
  'config:get': {line: ['config', 'get', 'image']},
  'config:list': {line: ['config', 'list']},
  'config:set': {line: ['config', 'set', 'image', foreign]},
  cp: {line: ['cp', 'web:/a', 'copied'], lives: true},
  dashboard: {line: ['dashboard'], lives: true, shows: 'screen'},
  'devboxes:adopt': {line: ['devboxes', 'adopt', 'w', 'b', 'n']},
  'devboxes:create': {line: ['devboxes', 'create', 'web', '--image', 'a'], shows: 'output'},
  'devboxes:list': {line: ['devboxes', 'list', '-o', 'wide']},
  'devboxes:remove': {line: ['devboxes', 'remove', 'web', '--now'], shows: 'output'},
  'devboxes:restore': {line: ['devboxes', 'restore', 'web']},
  'devboxes:show': {line: ['devboxes', 'show', 'web']},
  'devboxes:snapshot': {line: ['devboxes', 'snapshot', 'web', 'again'], shows: 'output'},
  'devboxes:start': {line: ['devboxes', 'start', 'web'], shows: 'output'},
  'devboxes:stats': {line: ['devboxes', 'stats', 'web']},
  'devboxes:stop': {line: ['devboxes', 'stop', 'web'], shows: 'output'},
  display: {line: ['display', 'web'], lives: true, shows: 'screen'},
  'displays:close': {line: ['displays', 'close', 'web']},
  'displays:list': {line: ['displays', 'list', '-o', 'wide']},
  'displays:shot': {line: ['displays', 'shot', 'web'], lives: true},
  doctor: {line: ['doctor']},
  down: {line: ['down'], silent: 'nothing of that home runs'},
  exec: {line: ['exec', 'web', '--', 'true'], lives: true, shows: 'output'},
  'folders:get': {line: ['folders', 'get', 'team', 'shared/plans', 'fetched']},
  'folders:list': {line: ['folders', 'list', 'team', foreign, '-o', 'wide']},
  'folders:put': {line: ['folders', 'put', 'team', '.', 'shared/plans']},
  'folders:remove': {line: ['folders', 'remove', foreign, foreign]},
  'images:build': {line: ['images', 'build', '.', '-t', 'mine:1'], shows: 'output'},
  'images:check': {line: ['images', 'check', 'a']},
  'images:list': {line: ['images', 'list', '-o', 'wide']},
  'images:pull': {line: ['images', 'pull', 'a'], shows: 'output'},
  'images:remove': {line: ['images', 'remove', 'a'], shows: 'output'},
  info: {line: ['info']},
  'jobs:cancel': {line: ['jobs', 'cancel', job]},
  'jobs:list': {line: ['jobs', 'list', '-o', 'wide']},
  'jobs:logs': {line: ['jobs', 'logs', job], shows: 'output'},
  'jobs:result': {line: ['jobs', 'result', job], shows: 'output'},
  'jobs:retry': {line: ['jobs', 'retry', job], lives: true, shows: 'output'},
  'jobs:show': {line: ['jobs', 'show', job]},
  'jobs:wait': {line: ['jobs', 'wait', job]},
  login: {line: ['login', foreign]},
  'plugins:create': {line: ['plugins', 'create', foreign, '--kind', 'engine']},
  'plugins:list': {line: ['plugins', 'list', '-o', 'wide']},
  'plugins:show': {line: ['plugins', 'show', foreign]},
  'plugins:verify': {line: ['plugins', 'verify', 'docker', '--case', 'a']},
  'ports:forward': {line: ['ports', 'forward', 'web', '1'], lives: true},
  'roles:create': {line: ['roles', 'create', 'team', '-f', 'role.json']},
  'roles:list': {line: ['roles', 'list', '-o', 'wide']},
  'roles:remove': {line: ['roles', 'remove', foreign, 'builder']},
  'roles:show': {line: ['roles', 'show', 'team', 'builder']},
  'roles:webhook': {line: ['roles', 'webhook', 'team', 'builder', '--new-secret']},
  'roles:update': {line: ['roles', 'update', 'team', 'builder', '-f', 'role.json']},
  run: {line: ['run', '--image', 'a', '--', 'true'], lives: true, shows: 'output'},
  'secrets:list': {line: ['secrets', 'list']},
  'secrets:remove': {line: ['secrets', 'remove', 'a']},
  'secrets:set': {line: ['secrets', 'set', 'a']},
  server: {line: ['server', '--listen', foreign]},
  status: {line: ['status']},
  'tenants:create': {line: ['tenants', 'create', 'a']},
  'tenants:list': {line: ['tenants', 'list']},
  'tenants:set': {line: ['tenants', 'set', 'a', '--plan', 'pro']},
  'tenants:show': {line: ['tenants', 'show', 'a']},
  terminal: {line: ['terminal', 'web'], lives: true, shows: 'screen'},
  'terminals:close': {line: ['terminals', 'close', job]},
  'terminals:list': {line: ['terminals', 'list']},
  'terminals:show': {line: ['terminals', 'show', job], lives: true, shows: 'output'},
  'tokens:create': {line: ['tokens', 'create', 'a', '--access', 'viewer']},
  'tokens:list': {line: ['tokens', 'list']},
  'tokens:revoke': {line: ['tokens', 'revoke', 'a']},
  up: {line: ['up', '--listen', foreign]},
  version: {line: ['version']},
  watch: {line: ['watch', '--after', '1.0'], lives: true},
  'webhooks:add': {line: ['webhooks', 'add', 'https://192.0.2.1/', '--name', 'a']},
  'webhooks:dead-letters': {line: ['webhooks', 'dead-letters', 'a']},
  'webhooks:deliveries': {line: ['webhooks', 'deliveries', 'a']},
  'webhooks:disable': {line: ['webhooks', 'disable', 'a']},
  'webhooks:enable': {line: ['webhooks', 'enable', 'a']},
  'webhooks:list': {line: ['webhooks', 'list', '-o', 'wide']},
  'webhooks:redeliver': {line: ['webhooks', 'redeliver', 'a', 'e']},
  'webhooks:remove': {line: ['webhooks', 'remove', 'a']},
  'webhooks:rotate': {line: ['webhooks', 'rotate', 'a']},
  'webhooks:set': {line: ['webhooks', 'set', 'a', '--event', 'job.*']},
  'webhooks:show': {line: ['webhooks', 'show', 'a']},
  'webhooks:test': {line: ['webhooks', 'test', 'a']},
  'webhooks:verify': {line: ['webhooks', 'verify', '--secret-file', foreign]},
  whoami: {line: ['whoami']},
  'worker:install': {line: ['worker', 'install', '--name', foreign], silent: 'refused before it is read'},
  'worker:join': {line: ['worker', 'join', foreign]},
  'worker:run': {line: ['worker', 'run', '--engine', 'process'], lives: true, joins: true},
  'worker:status': {line: ['worker', 'status'], silent: 'this machine is no worker, and a worker’s file is its own'},
  'worker:uninstall': {line: ['worker', 'uninstall'], silent: 'there is none'},
  'workers:cordon': {line: ['workers', 'cordon', 'a']},
  'workers:drain': {line: ['workers', 'drain', 'a']},
  'workers:invite': {line: ['workers', 'invite']},
  'workers:label': {line: ['workers', 'label', 'a', 'b=c']},
  'workers:list': {line: ['workers', 'list', '-o', 'wide']},
  'workers:readmit': {line: ['workers', 'readmit']},
  'workers:remove': {line: ['workers', 'remove', 'a']},
  'workers:show': {line: ['workers', 'show', 'a']},
};

const home = mkdtempSync(join(tmpdir(), 'bxf-'));
/** An engine that answers everything with a foreign failure. */
const engine = createServer((_request, response) =>
  response.writeHead(500, {'content-type': 'application/json'}).end(JSON.stringify({message: foreign})),
);
let answering: HostileServer;
let refusing: HostileServer;
beforeAll(async () => {
  [answering, refusing] = await Promise.all([serveForeign(false), serveForeign(true)]);
  engine.listen(join(home, 'engine'));
  mkdirSync(join(home, 'work'));
  writeFileSync(join(home, 'work/Dockerfile'), 'FROM scratch\n');
  writeFileSync(join(home, 'work/role.json'), JSON.stringify({name: 'builder', command: ['true']}));
  writeFileSync(join(home, 'work/team.json'), JSON.stringify({name: 'team', roles: []}));
  mkdirSync(join(home, 'config/boxyard'), {recursive: true});
  writeFileSync(join(home, 'config/boxyard/config.yaml'), `image: ${JSON.stringify(foreign)}\n`, {mode: 0o600});
  chmodSync(join(home, 'config'), 0o700);
});
afterAll(async () => {
  await answering?.[Symbol.asyncDispose]();
  await refusing?.[Symbol.asyncDispose]();
  engine.closeAllConnections();
  engine.close();
  rmSync(home, {recursive: true, force: true});
});

test('every command has its row', () => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'oclif.manifest.json'), 'utf8')) as {commands: object};
  expect(Object.keys(rows).sort()).toEqual(Object.keys(manifest.commands).sort());
});

describe('foreign control characters stay away from the terminal, in answers, as JSON and in refusals', () => {
  test.concurrent.each(Object.entries(rows).map(([name, row], at) => ({name, row, at})))('$name', async ({row, at}) => {
    const answered = await onTerminal(row, row.line, answering);
    const asJson = await onTerminal(row, withFormat(row.line, 'json'), answering);
    // What is refused is said in one place for all: half of them as text, half as JSON.
    const refused = await onTerminal(row, at % 2 === 0 ? row.line : withFormat(row.line, 'json'), refusing);
    const all = {answered, asJson, refused};
    const found = Object.fromEntries(Object.entries(all).map(([how, said]) => [how, strays(said, row)]));
    expect(found).toEqual({answered: [], asJson: [], refused: []});
    expect(
      Object.values(all).some(said => said.includes('VISIBLE')),
      JSON.stringify(all).slice(0, 3_000),
    ).toBe(row.silent === undefined);
  });
});

/** Options of ours go before `--`, and one form takes the place of another. */
function withFormat(line: readonly string[], format: string): readonly string[] {
  const at = line.indexOf('-o');
  const plain = at < 0 ? [...line] : [...line.slice(0, at), ...line.slice(at + 2)];
  const end = plain.indexOf('--');
  return end < 0 ? [...plain, '-o', format] : [...plain.slice(0, end), '-o', format, ...plain.slice(end)];
}

/** A directory with the worker's file. */
function joined({url}: HostileServer): string {
  const dir = join(home, new URL(url).port);
  const id = 'a'.repeat(26);
  const file = {worker: `w-${id}`, tenant: `t-${id}`, credential: 'c', installation: id, url: `${url.replace('http', 'ws')}/ws/worker`};
  mkdirSync(dir, {recursive: true, mode: 0o700});
  writeFileSync(join(dir, 'worker.json'), JSON.stringify(file), {mode: 0o600});
  return dir;
}

/** Every byte that a command sends to a terminal of its own. It is answered `y` if it asks. */
function onTerminal(row: Row, line: readonly string[], server: HostileServer): Promise<string> {
  const env = machineEnv(home, {
    BOXYARD_TOKEN: 'a'.repeat(52),
    BOXYARD_SERVER: server.url,
    TERM: 'xterm-256color',
    DOCKER_HOST: `unix://${join(home, 'engine')}`,
    NO_COLOR: '',
    CI: '',
  });
  if (row.joins) Object.assign(env, {BOXYARD_CONFIG_DIR: joined(server)});
  const child = spawn(boxyard, [...line], {cols: 120, rows: 30, cwd: join(home, 'work'), env, encoding: null});
  const parts: Buffer[] = [];
  return new Promise(resolve => {
    const asked = setTimeout(() => child.write('y\r'), 1_500);
    const late = setTimeout(() => child.kill('SIGINT'), row.lives ? 4_000 : 15_000);
    const gone = setTimeout(() => child.kill('SIGKILL'), row.lives ? 7_000 : 20_000);
    child.onData(data => parts.push(Buffer.from(data as unknown as Uint8Array)));
    child.onExit(() => {
      for (const timer of [asked, late, gone]) clearTimeout(timer);
      resolve(Buffer.concat(parts).toString('utf8'));
    });
  });
}

/** What a command of ours itself says to a terminal: colours, its other screen, the cursor, erasing. */
const ours =
  /\u001b\[(?:[01234579]|2[2-9]|3[0-79]|4[0-79]|9[0-7])?(?:;[0-9]+)*m|\u001b\[\?(?:1049|25|7|2026)[hl]|\u001b\[(?:H|[0-2]?K|J|G|[1-9]A|1G)/g;
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

function strays(said: string, row: Row): readonly string[] {
  const marks = [
    '\u001b]52',
    '\u001b]0;TITLE',
    '\u001b[97A',
    '\u001b[9;99H',
    '\u001b[?1001',
    '\u001b[6n',
    '\u001b#8',
    '\u009b',
    '\u009d',
    '\u202e',
  ];
  if (row.shows !== 'output') marks.push('\u001b[38;5;213m', '\rOVERWRITTEN');
  const found = marks.filter(mark => said.includes(mark));
  // A screen that is drawn has many sequences of its own.
  if (row.shows === 'screen') return found;
  const rest = said.replaceAll(ours, '').replaceAll(row.shows === 'output' ? /\u001b\[[0-9;:]*m/g : '\u0000none', '');
  return [...found, ...new Set([...rest.matchAll(controls)].map(match => JSON.stringify(rest.slice(match.index, match.index + 12))))];
}
