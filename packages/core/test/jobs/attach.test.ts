import {expect, test} from 'vitest';
import type {AttachItem} from '../../src/client/index.ts';
import {WebSocket} from 'ws';
import {codeOf, startTestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

async function collect(items: AsyncIterable<AttachItem>): Promise<AttachItem[]> {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

const textOf = (items: readonly AttachItem[], stream: string) =>
  items.map(item => (item.type === 'bytes' && item.stream === stream ? Buffer.from(item.bytes).toString() : '')).join('');

test('an attached client sees the bytes of each stream in order, and then the end', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  door.services.write(job.id, 'stdout', 'one ');
  const items = collect(door.client().attach({job: job.id}));
  await waitFor(() => door.http.sockets.size === 1);
  door.services.write(job.id, 'stdout', 'two');
  door.services.write(job.id, 'stderr', 'oops');
  door.services.end(job.id);
  const seen = await items;
  expect([textOf(seen, 'stdout'), textOf(seen, 'stderr')]).toEqual(['one two', 'oops']);
  expect(seen.at(-1)).toMatchObject({type: 'end', job: {outcome: 'succeeded'}});
});

test('a server that restarts in the middle costs an attached client neither a byte nor a byte twice', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const items = collect(door.client().attach({job: job.id}));
  for (let round = 0; round < 3; round += 1) {
    await waitFor(() => door.http.sockets.size === 1);
    door.services.write(job.id, 'stdout', `round ${round};`);
    await door.reopen();
  }
  door.services.end(job.id);
  const seen = await items;
  expect(textOf(seen, 'stdout')).toBe('round 0;round 1;round 2;');
  expect(seen.filter(item => item.type === 'offline').length).toBeGreaterThan(0);
});

test('a gap is told and the stream goes on behind it, also after a reconnect', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  door.services.write(job.id, 'stdout', 'ab');
  door.services.gap(job.id, {stream: 'stdout', from: 2, to: 10, reason: 'spool-lost'});
  const items = collect(door.client().attach({job: job.id, from: {stdout: 0}}));
  await waitFor(() => door.http.sockets.size === 1);
  await door.reopen();
  door.services.write(job.id, 'stdout', 'yz');
  door.services.end(job.id);
  const seen = await items;
  expect(textOf(seen, 'stdout')).toBe('abyz');
  expect(seen.find(item => item.type === 'bytes' && item.offset === 10)).toBeDefined();
  expect(seen.find(item => item.type === 'gap')).toMatchObject({gap: {from: 2, to: 10}});
});

test('three megabytes of stdin arrive once and whole through a restart of the server', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const sent = Buffer.alloc(3 * 1024 * 1024, 0).map((_byte, at) => (at * 31) % 251);
  async function* source() {
    for (let at = 0; at < sent.length; at += 100_000) yield sent.subarray(at, at + 100_000);
  }
  const items = collect(door.client().attach({job: job.id, stdin: source()}));
  await waitFor(() => door.services.stdinOf(job.id).bytes.length > 200_000);
  await door.reopen();
  await waitFor(() => door.services.stdinOf(job.id).ended);
  door.services.end(job.id);
  await items;
  expect(door.services.stdinOf(job.id).bytes.equals(sent)).toBe(true);
});

test('a command that ends without reading its input still shows its output and its end', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  async function* source() {
    for (;;) yield Buffer.alloc(50_000);
  }
  const items = collect(door.client().attach({job: job.id, stdin: source()}));
  await waitFor(() => door.services.stdinOf(job.id).bytes.length > 100_000);
  door.services.write(job.id, 'stdout', 'done');
  door.services.end(job.id);
  const seen = await items;
  expect([textOf(seen, 'stdout'), seen.at(-1)?.type]).toEqual(['done', 'end']);
});

test('a client that feeds stdin and goes away before its end is told to the job', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const stop = new AbortController();
  async function* source() {
    yield Buffer.from('half');
    await new Promise(() => undefined);
  }
  const items = codeOf(collect(door.client().attach({job: job.id, stdin: source(), signal: stop.signal})));
  await waitFor(() => door.services.stdinOf(job.id).bytes.length === 4);
  stop.abort();
  await waitFor(() => door.services.stdinOf(job.id).gone === 1);
  await items;
});

test('a read-only token that sends stdin is refused and the command sees nothing', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const viewer = await door.token('viewer');
  async function* source() {
    yield Buffer.from('rm -rf /');
  }
  expect(await codeOf(collect(door.client(viewer).attach({job: job.id, stdin: source()})))).toBe('FORBIDDEN');
  const {WebSocket} = await import('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/v1/jobs/${job.id}/attach?stdout=0`, {
    headers: {authorization: `Bearer ${viewer}`},
  });
  const closed = new Promise<number>(resolve => socket.once('close', code => resolve(code)));
  socket.once('open', () => socket.send(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 120])));
  expect(await closed).toBe(4403);
  expect(door.services.stdinOf(job.id).bytes.length).toBe(0);
});

test('ten megabytes to a client that reads late arrive whole, and the server does not pile them up', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let at = 0; at < 10; at += 1) door.services.write(job.id, 'stdout', chunk);
  door.services.end(job.id);
  let length = 0;
  for await (const item of door.client().attach({job: job.id})) {
    if (item.type !== 'bytes') continue;
    length += item.bytes.length;
    await new Promise(resolve => setImmediate(resolve));
  }
  expect(length).toBe(10 * 1024 * 1024);
});

test('the logs route follows a stream from an offset until the job ends', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  door.services.write(job.id, 'stdout', 'hello ');
  const chunks: string[] = [];
  const reading = (async () => {
    const query = {stream: 'stdout', from: 2, follow: 'true'} as const;
    for await (const bytes of door.client().jobsLogs({job: job.id, query})) chunks.push(Buffer.from(bytes).toString());
  })();
  await waitFor(() => chunks.join('') === 'llo ');
  door.services.write(job.id, 'stdout', 'world');
  door.services.end(job.id);
  await reading;
  expect(chunks.join('')).toBe('llo world');
});

test('the attach of another tenant’s job is refused like that of a missing one', async () => {
  await using door = await startTestDoor();
  const other = await door.access.tenants.create('other', 'enterprise', 'test');
  const job = door.services.addJob(other.id);
  expect(await codeOf(collect(door.client().attach({job: job.id})))).toBe('NOT_FOUND');
});

test('a job that is tried again shows the whole of both attempts, told apart, also through a reconnect', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const items = collect(door.client().attach({job: job.id}));
  await waitFor(() => door.http.sockets.size === 1);
  door.services.write(job.id, 'stdout', 'first try');
  door.services.change(job.id, {attempt: {number: 2, id: job.attempt.id}});
  await door.reopen();
  await waitFor(() => door.http.sockets.size === 1);
  door.services.write(job.id, 'stdout', 'second');
  await door.reopen();
  door.services.end(job.id);
  const seen = await items;
  const at = seen.findIndex(item => item.type === 'attempt');
  expect([textOf(seen.slice(0, at), 'stdout'), textOf(seen.slice(at), 'stdout')]).toEqual(['first try', 'second']);
  expect(seen[at]).toEqual({type: 'attempt', number: 2});
});

test('many small pieces of stdin are taken in order at the server’s pace, and needless words and pings end the socket', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const open = async () => {
    const url = `ws://127.0.0.1:${door.port}/v1/jobs/${job.id}/attach?stdin=true`;
    const socket = new WebSocket(url, {headers: {authorization: `Bearer ${door.line}`}});
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const closed = new Promise<number>(resolve => socket.once('close', resolve));
    return {socket, closed};
  };
  const {socket} = await open();
  const frame = (at: number) => {
    const bytes = Buffer.alloc(10);
    bytes.writeBigUInt64BE(BigInt(at), 1);
    bytes.writeUInt8(97 + (at % 26), 9);
    return bytes;
  };
  for (let at = 0; at < 20_000; at += 1) socket.send(frame(at));
  await waitFor(() => door.services.stdinOf(job.id).bytes.length === 20_000);
  expect(door.services.stdinOf(job.id).bytes.subarray(0, 27).toString()).toBe('abcdefghijklmnopqrstuvwxyza');
  for (let at = 0; at < 50; at += 1) socket.ping();
  expect(socket.readyState).toBe(socket.OPEN);
  const pinging = await open();
  for (let at = 0; at < 400; at += 1) pinging.socket.ping();
  expect(await pinging.closed).toBe(1006);
});
