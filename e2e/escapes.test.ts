import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {connect, createServer, type AddressInfo} from 'node:net';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {projectRoot} from '../faults/lab/directories.ts';
import {baseImage, engines, must, Up, waitFor} from './up.ts';

/**
 * What a box of each profile can get at, tried from inside, beside the table of docs/security.md. Two Boxyards share the
 * machine and its engines: the boxes of one are a foreign tenant's to the other.
 */
const table = promised(readFileSync(join(projectRoot, 'docs/security.md'), 'utf8'));
const compiler = ['gcc', 'cc'].find(name => canCompile(name));
if (compiler === undefined) console.log('skipped: no C compiler that links statically here, so no probe can be made');
const here = compiler === undefined ? [] : await engines();

let up: Up;
let neighbours: Up;
let dir: string;
const listening = createServer(socket => socket.destroy());

beforeAll(async () => {
  if (compiler === undefined) return;
  [up, neighbours] = await Promise.all([Up.open(), Up.open()]);
  dir = join(up.path, 'probe');
  mkdirSync(dir);
  execFileSync(compiler, ['-O1', '-static', '-o', join(dir, 'probe'), join(import.meta.dirname, 'escape-probe.c')]);
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'marker'), 'of the machine');
  await new Promise<void>(resolve => listening.listen(0, '0.0.0.0', resolve));
});
afterAll(async () => {
  listening.close();
  await Promise.all([up?.[Symbol.asyncDispose](), neighbours?.[Symbol.asyncDispose]()]);
});

describe.each(here.filter(engine => engine !== 'process'))('from a box on %s', engine => {
  beforeAll(async () => {
    const created = await neighbours.cli(['devboxes', 'create', `n-${engine}`, '--engine', engine, '--image', baseImage]);
    expect(created.code, created.stderr).toBe(0);
    await neighbours.ok('exec', '--background', `n-${engine}`, '--', 'httpd', '-f', '-p', '8080', '-h', '/tmp');
  });

  test.each(['open', 'standard', 'offline'] as const)('of profile %s a command gets what the table says, and no more', async profile => {
    const args = ['run', '--engine', engine, '--image', baseImage, '--profile', profile, '--dir', '.', ...(await facts(engine))];
    const ran = await up.cli([...args, '--', '/workspace/probe'], {cwd: dir});
    expect(ran.code, ran.stderr).toBe(0);
    expect(read(ran.stdout)).toEqual(column(profile, engine));
  });

  test('of profile offline a command finds its files, reads its input and leaves what it made', async () => {
    const args = ['run', '-i', '--engine', engine, '--image', baseImage, '--profile', 'offline', '--dir', '.', '--out', 'made'];
    const ran = await up.cli([...args, '--', 'sh', '-c', 'cat marker - > made; cat made'], {cwd: dir, input: ', and typed'});
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, 'of the machine, and typed']);
    expect(readFileSync(join(dir, 'made'), 'utf8')).toBe('of the machine, and typed');
    rmSync(join(dir, 'made'));
  });

  test.each(['standard', 'offline'] as const)('of profile %s root in an exec gets no more than that', async profile => {
    const name = `${profile}-${engine}`;
    const made = await up.cli(['devboxes', 'create', name, '--engine', engine, '--image', baseImage, '--profile', profile, '--dir', '.'], {
      cwd: dir,
    });
    expect(made.code, made.stderr).toBe(0);
    const ran = await up.cli(['exec', '--user', '0:0', ...(await facts(engine)), name, '--', '/workspace/probe']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(read(ran.stdout)).toEqual(column(profile, engine));
    await up.ok('devboxes', 'remove', '--now', name);
  });
});

test.runIf(here.some(engine => engine !== 'process'))('profile strict is refused, not weakened', async () => {
  const ran = await up.cli(['run', '--image', baseImage, '--profile', 'strict', '--', 'true']);
  expect([ran.code === 0, ran.stderr.includes('EGRESS_UNAVAILABLE') || /egress gateway/.test(ran.stderr)]).toEqual([false, true]);
});

test.runIf(compiler !== undefined)('a program of the engine process gets what its user gets, and nothing of ours', async () => {
  const args = ['run', '--engine', 'process', '--dir', '.', ...(await facts('process'))];
  const ran = await up.cli([...args, '--', './probe'], {cwd: dir});
  expect(ran.code, ran.stderr).toBe(0);
  expect(read(ran.stdout)).toEqual(column('open', 'process'));
});

test('every attempt has its line in the table', () => {
  const source = readFileSync(join(import.meta.dirname, 'escape-probe.c'), 'utf8');
  const attempts = [...source.matchAll(/\{"([a-z-]+)", \w+\}/g)].map(match => match[1]!);
  expect(Object.keys(table)).toEqual([...attempts, 'setuid-program']);
});

/** What the probe needs to know of the machine to look for it. */
async function facts(engine: string): Promise<string[]> {
  const server = up.processes(/server\.js/)[0]!;
  const given = {
    HOST_PID: String(server.pid),
    HOST_FILE: join(up.root, 'config/boxyard/local-token'),
    ENGINE_SOCKETS: ['/var/run/docker.sock', '/run/docker.sock', '/run/podman/podman.sock', '/run/containerd/containerd.sock'].join(':'),
    OUR_SOCKETS: sockets(up.root).join(':'),
    SERVER_PORT: String(up.port),
    OPEN_PORT: String((listening.address() as AddressInfo).port),
    MACHINE: engine === 'process' ? '127.0.0.1' : '',
    NEIGHBOUR: engine === 'process' ? '0.0.0.0' : await neighbour(engine),
  };
  return Object.entries(given).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
}

const sockets = (root: string): string[] =>
  readdirSync(root, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isSocket())
    .map(entry => join(entry.parentPath, entry.name));

async function neighbour(engine: string): Promise<string> {
  const {box} = await neighbours.json<{box: string}>('devboxes', 'show', `n-${engine}`);
  const text = await must([engine, 'inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', box]);
  const [address] = text.trim().split(' ');
  // It answers the machine: whoever does not reach it is kept from it.
  await waitFor(() => answers(address!), {within: 10_000, what: 'the neighbour answers'});
  return address!;
}

const answers = (host: string): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({host, port: 8080, timeout: 1_000}, () => resolve(true));
    socket.once('error', () => resolve(false)).once('timeout', () => socket.destroy(new Error('silent')));
    socket.once('connect', () => socket.destroy());
  });

type Row = Readonly<Record<'open' | 'standard' | 'offline' | 'process', string>>;

/** The rows of the first table that begins with `attempt`. */
function promised(page: string): Readonly<Record<string, Row>> {
  const lines = page.split('\n');
  const begin = lines.findIndex(line => /^\| *attempt /.test(line));
  // Another table follows.
  const length = lines.slice(begin).findIndex(line => !line.startsWith('|'));
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim());
  const rows = lines.slice(begin + 2, begin + length).map(cells);
  return Object.fromEntries(
    rows.map(([name, , open, standard, offline, process]) => [
      name!.replaceAll('`', ''),
      {open: open!, standard: standard!, offline: offline!, process: process!},
    ]),
  );
}

/** `yes`, `no`, or the one engine on which it is `yes`; `filter` and `-` where the engine or the machine decides. */
function column(profile: 'open' | 'standard' | 'offline', engine: string): Record<string, unknown> {
  const wanted = (row: Row) => {
    const cell = engine === 'process' ? row.process : row[profile];
    if (cell === '-' || cell === 'filter') return expect.anything();
    return cell === 'yes' || cell === engine ? 'yes' : 'no';
  };
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, wanted(row)]));
}

const read = (said: string): Record<string, string> =>
  Object.fromEntries([...said.matchAll(/^([a-z-]+) (yes|no) /gm)].map(([, name, result]) => [name!, result!]));

function canCompile(name: string): boolean {
  try {
    execFileSync(name, ['-static', '-x', 'c', '-o', '/dev/null', '-'], {
      input: 'int main(void){return 0;}',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    return true;
  } catch {
    return false;
  }
}
