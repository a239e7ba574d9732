import {spawn, type ChildProcess} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {baseImage, engines, Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const ok = (...args: readonly string[]) => up.ok(...args);

interface Forwarding {
  readonly child: ChildProcess;
  /** Here, in the order they were asked for. */
  readonly ports: readonly number[];
  said(): string;
}

async function forward(...args: readonly string[]): Promise<Forwarding> {
  const child = spawn(boxyard, ['ports', 'forward', ...args, '-o', 'jsonl'], {env: up.env, stdio: ['ignore', 'pipe', 'pipe']});
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let said = '';
  child.stdout.on('data', part => (out += String(part)));
  child.stderr.on('data', part => (said += String(part)));
  const wanted = args.filter(arg => /^\d+(:\d+)?$/.test(arg)).length;
  await waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`ports forward ended: ${said}`);
      return out.split('\n').length > wanted;
    },
    {within: 20_000, what: 'it listens'},
  );
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as {address: string});
  return {child, ports: lines.map(({address}) => Number(address.split(':')[1])), said: () => said};
}

/** Sends so many bytes, ends, and reads to the end: whether the very same came back. */
async function echoes(port: number, blocks: number): Promise<boolean> {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true});
  await once(socket, 'connect');
  const [sent, got] = [createHash('sha256'), createHash('sha256')];
  socket.on('data', bytes => got.update(bytes));
  const ended = once(socket, 'end');
  ended.catch(() => undefined);
  const block = randomBytes(64 * 1024);
  for (let left = blocks; left > 0; left -= 1) {
    sent.update(block);
    if (!socket.write(block)) await Promise.race([once(socket, 'drain'), ended]);
  }
  socket.end();
  await ended;
  return sent.digest('hex') === got.digest('hex');
}

/** `once` would take a reset for a failure of its own. */
const closed = (socket: Socket) => new Promise<void>(resolve => void socket.on('error', () => undefined).once('close', () => resolve()));

/** A program in a DevBox of this engine that gives back what it gets. */
/** A small program in the box has a short queue for those who knock at once, and breaks some off. */
async function echoesAfterAll(port: number, blocks: number): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await echoes(port, blocks);
    } catch (error) {
      if (tries >= 5 || !String(error).includes('ECONNRESET')) throw error;
    }
  }
}

async function echoIn(engine: string, name: string): Promise<number> {
  if (engine !== 'process') {
    await ok('devboxes', 'create', name, '--engine', engine, '--image', baseImage, '--memory', '64m', '--network', 'none');
    await ok('exec', '--detach', '--name', 'echo', name, '--', 'nc', '-ll', '-p', '3000', '-e', 'cat');
    return 3000;
  }
  // A box of this engine has the machine's own loopback.
  await ok('devboxes', 'create', name, '--engine', engine);
  const server = createServer({allowHalfOpen: true}, socket => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe.each(await engines())('a port of a DevBox on %s', engine => {
  const name = `ports-${engine}`;

  test('is reached without a network of the box: many connections, every byte, each direction to its own end', async () => {
    const port = await echoIn(engine, name);
    const {ports, said, child} = await forward(name, `${port}:0`, '1:0');
    await waitFor(() => echoes(ports[0]!, 1).catch(() => false), {within: 30_000, what: 'the program listens'});
    const all = await Promise.all(Array.from({length: 50}, () => echoesAfterAll(ports[0]!, 4).catch(String)));
    expect(all, said()).toEqual(Array.from({length: 50}, () => true));
    expect(await echoes(ports[0]!, 1_600)).toBe(true);

    const refused = connect({port: ports[1]!, host: '127.0.0.1'});
    expect(
      (
        await once(
          refused.on('error', () => undefined),
          'close',
        )
      ).length,
    ).toBe(1);
    await waitFor(() => said().includes(`${name}:1: Nothing listens on port 1 in ${name}.`), {within: 10_000, what: 'it says why'});

    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
    await ok('devboxes', 'remove', name, '--now');
  }, 180_000);
});

test('forwarding outlives the server and the agent: new connections work again', async () => {
  const [engine = 'process'] = (await engines()).filter(each => each !== 'process');
  const port = await echoIn(engine, 'again');
  const {ports, said} = await forward('again', `${port}:0`);
  await waitFor(() => echoes(ports[0]!, 1).catch(() => false), {within: 30_000, what: 'the program listens'});
  const open = connect({port: ports[0]!, host: '127.0.0.1'});
  await once(open, 'connect');
  open.write('x');
  await once(open, 'data');
  const broken = closed(open);
  await up.killGroup();
  await broken;
  await waitFor(() => said().includes(`again:${port}: `), {within: 10_000, what: 'it says that the connection broke'});
  await up.start();
  await waitFor(() => echoes(ports[0]!, 4).catch(() => false), {within: 60_000, what: 'a new connection works'});
  await ok('devboxes', 'remove', 'again', '--now');
}, 180_000);

test('what cannot be forwarded is refused before anything listens, with what to type instead', async () => {
  const refusal = async (...args: readonly string[]) => {
    const ran = await up.cli(['ports', 'forward', ...args]);
    return [ran.code, ran.stderr, ran.stdout] as const;
  };
  for (const port of ['0', '65536', '-1', 'http', '3000:65536', '3000:', ':80', '1e3', '3000:80:90']) {
    const [code, said, printed] = await refusal('web', '--', port);
    expect([port, code, printed]).toEqual([port, 2, '']);
    expect(said).toContain('PORT');
  }
  expect((await refusal('web'))[0]).toBe(2);
  expect((await refusal('nothing', '80'))[0]).toBe(5);
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  onTestFinished(() => void holder.close());
  const {port} = holder.address() as AddressInfo;
  await ok('devboxes', 'create', 'busy', '--engine', 'process');
  const [code, said] = await refusal('busy', `80:${port}`);
  expect([code, said.includes(`(pid ${process.pid})`), said.includes('boxyard ports forward busy 80:')]).toEqual([6, true, true]);
  const viewer = (await up.cli(['tokens', 'create', 'looks', '--access', 'viewer', '-o', 'json'])).stdout;
  const token = (JSON.parse(viewer) as {token: string}).token;
  const denied = await up.cli(['ports', 'forward', 'busy', '80:0'], {env: {BOXYARD_TOKEN: token}});
  expect([denied.code, denied.stderr.includes('viewer')]).toEqual([4, true]);
  await ok('devboxes', 'stop', 'busy');
  const stopped = await forward('busy', '80:0');
  await waitFor(() => stopped.said().includes('boxyard devboxes start busy'), {within: 10_000, what: 'it says that the DevBox is stopped'});
  await ok('devboxes', 'start', 'busy');
  const gone = await forward('busy', '80:0');
  await ok('devboxes', 'remove', 'busy', '--now');
  const late = connect({port: gone.ports[0]!, host: '127.0.0.1'});
  await closed(late);
  await waitFor(() => /busy:80: .*busy/.test(gone.said()), {within: 10_000, what: 'it says that the DevBox is gone'});
}, 120_000);
