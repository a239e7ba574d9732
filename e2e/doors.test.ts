import {readFileSync, readdirSync, readlinkSync} from 'node:fs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {Api} from '../faults/lab/api.ts';
import {baseImage, engines, run, Up} from './up.ts';

/** Everything of ours that listens on this machine, and what it tells somebody who has no token, or is another user. */
let up: Up;
const here = await engines();
beforeAll(async () => {
  up = await Up.open();
  // With a box and a terminal, so that whatever listens for those is there too.
  for (const engine of here)
    await up.ok('devboxes', 'create', `d-${engine}`, '--engine', engine, ...(engine === 'process' ? [] : ['--image', baseImage]));
  await up.ok('exec', '--background', 'd-process', '--', 'sleep', '300');
});
afterAll(() => up?.[Symbol.asyncDispose]());

test('one port listens, on loopback, and without a token it tells no more than that it is there, and gives the page for links', async () => {
  expect(listening()).toEqual([`127.0.0.1:${up.port}`]);
  const stranger = new Api(`http://127.0.0.1:${up.port}`);
  const {paths} = await up.api.must<{paths: Record<string, Record<string, {security?: unknown[]}>>}>('GET', '/v1/openapi.json');
  const told: string[] = [];
  for (const [path, methods] of Object.entries(paths))
    for (const method of Object.keys(methods)) {
      const answer = await stranger.call(method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'), method === 'get' ? {} : {body: {}});
      if (answer.status < 400) told.push(path);
    }
  expect(told.sort()).toEqual(['/display', '/display/page.js', '/display/style.css', '/v1/health', '/v1/openapi.json']);
  for (const path of ['/', '/debug', '/debug/pprof', '/json', '/metrics', '/v1/jobs/', '/v1/health/..%2fjobs', '/.env'])
    expect([path, (await stranger.call('GET', path)).status]).toEqual([
      path,
      path === '/metrics' ? 401 : expect.toSatisfy(code => code === 401 || code === 404),
    ]);
  const health = await stranger.call<object>('GET', '/v1/health');
  expect(Object.keys(health.body).sort()).toEqual(
    ['installation', 'redis', 'status', 'version', 'workers'].filter(key => key in health.body),
  );
});

test.skipIf(process.getuid?.() !== 0)('no socket of ours can be opened by another user of the machine', async () => {
  const found = sockets();
  expect(found.length).toBeGreaterThanOrEqual(2);
  const open: string[] = [];
  for (const path of found) {
    const tried = await run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'test', '-w', path]);
    if (tried.code === 0) open.push(path);
  }
  expect(open).toEqual([]);
});

/** Numbers of the sockets that processes of this Boxyard hold. */
function inodes(): ReadonlySet<string> {
  const held = up.processes(/./).flatMap(({pid}) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
        } catch {
          return [];
        }
      });
    } catch {
      return [];
    }
  });
  return new Set(held);
}

const LISTEN = '0A';
function listening(): readonly string[] {
  const ours = inodes();
  return ['tcp', 'tcp6'].flatMap(kind =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .filter(fields => fields[3] === LISTEN && ours.has(fields[9]!))
      .map(fields => readable(fields[1]!)),
  );
}

/** `0100007F:10A0`: the address backwards. */
function readable(text: string): string {
  const [address = '', port = ''] = text.split(':');
  const host = address.length === 8 ? Buffer.from(address, 'hex').reverse().join('.') : address;
  return `${host}:${Number.parseInt(port, 16)}`;
}

const ACCEPTS = '00010000';
function sockets(): readonly string[] {
  const ours = inodes();
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n').slice(1);
  const listens = lines.map(line => line.trim().split(/\s+/)).filter(fields => fields[3] === ACCEPTS && ours.has(fields[6]!));
  return [...new Set(listens.map(fields => fields[7]).filter(path => path !== undefined))];
}
