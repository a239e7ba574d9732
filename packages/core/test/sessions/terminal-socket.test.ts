import fc from 'fast-check';
import {WebSocket} from 'ws';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {TerminalToClient} from '../../src/api/index.ts';
import {startTestDoor, type TestDoor} from '../door-for-tests.ts';
import type {OpenedTerminal} from '../memory-services.ts';
import {waitFor} from '../redis-for-tests.ts';

const viewer = 'v'.repeat(24);
const MiB = 1024 * 1024;

let door: TestDoor;
beforeAll(async () => void (door = await startTestDoor()));
afterAll(() => door?.[Symbol.asyncDispose]());

interface Seen {
  readonly socket: WebSocket;
  readonly said: TerminalToClient[];
  readonly bytes: Buffer[];
  readonly closed: Promise<number>;
  send(message: unknown): void;
  error(): string | undefined;
}

/** A client that says what a test says. */
function dial(job: string, query = `viewer=${viewer}&columns=80&rows=24`, token = door.line): Seen {
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/v1/jobs/${job}/terminal?${query}`, {
    headers: {authorization: `Bearer ${token}`},
  });
  const said: TerminalToClient[] = [];
  const bytes: Buffer[] = [];
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) bytes.push(data.subarray(8));
    else said.push(JSON.parse(data.toString()) as TerminalToClient);
  });
  const closed = new Promise<number>(resolve => {
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.once('close', code => resolve(code));
  });
  socket.on('error', () => undefined);
  const send = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const error = () => said.flatMap(each => (each.type === 'error' ? [each.error.message] : []))[0];
  return {socket, said, bytes, closed, send, error};
}

const answer = {type: 'terminal.opened', stream: 1, input: 0, controls: true, columns: 80, rows: 24} as const;

const opened = (job: string) => door.services.openedTerminals.filter(each => each.request.job === job);

/** A viewer whose worker has answered. */
async function viewing(token = door.line): Promise<{client: Seen; worker: OpenedTerminal; job: string}> {
  const job = door.services.addSession(door.tenant).id;
  const client = dial(job, undefined, token);
  const worker = await waitFor(() => opened(job)[0]);
  worker.handlers.answer(answer);
  await waitFor(() => client.said.some(each => each.type === 'opened'));
  return {client, worker, job};
}

const input = (offset: number, text: string) => ({type: 'input', offset, data: Buffer.from(text).toString('base64')});

test.each([
  ['text that is no JSON', '{"type":'],
  ['a word of no kind', {type: 'shout'}],
  ['no word at all', '[]'],
  ['input without bytes', {type: 'input', offset: 0}],
  ['input before the first byte', {type: 'input', offset: -1, data: 'YQ=='}],
  ['input at half a byte', {type: 'input', offset: 0.5, data: 'YQ=='}],
  ['input that is not base64', {type: 'input', offset: 0, data: '!!!!'}],
  ['input of more than one message holds', {type: 'input', offset: 0, data: 'A'.repeat(32_000)}],
  ['input behind a hole', input(10, 'late')],
  ['a size of nothing', {type: 'resize', columns: 0, rows: 24}],
  ['a size of no screen', {type: 'resize', columns: 80, rows: 1_001}],
  ['a size that is no number', {type: 'resize', columns: '80', rows: 24}],
  ['credit below nothing', {type: 'credit', bytes: -1}],
  ['credit without end', {type: 'credit', bytes: 1e300}],
  ['more credit than may be ahead', {type: 'credit', bytes: 5 * MiB}],
])('%s ends the view with a reason, and the worker hears nothing of it', async (_what, message) => {
  const {client, worker} = await viewing();
  client.send(message);
  expect(await client.closed).toBe(4400);
  expect(client.said.at(-1)).toMatchObject({type: 'error', error: {code: 'INVALID_INPUT'}});
  await waitFor(() => worker.isClosed);
  expect(worker.said).toEqual([]);
});

test('bytes, and a message longer than any, end the view', async () => {
  const first = await viewing();
  first.client.socket.send(Buffer.from('raw'));
  expect(await first.client.closed).toBe(4400);
  const second = await viewing();
  second.client.send({type: 'input', offset: 0, data: 'A'.repeat(70_000)});
  expect(await second.client.closed).toBe(1009);
  await waitFor(() => second.worker.isClosed);
});

test.each([
  ['no viewer', 'columns=80&rows=24'],
  ['a viewer too short', 'viewer=abc&columns=80&rows=24'],
  ['a viewer of strange letters', `viewer=${'ä'.repeat(20)}&columns=80&rows=24`],
  ['a viewer too long', `viewer=${'v'.repeat(65)}&columns=80&rows=24`],
  ['no size', `viewer=${viewer}`],
  ['a size of nothing', `viewer=${viewer}&columns=0&rows=24`],
  ['a size too large', `viewer=${viewer}&columns=80&rows=1001`],
  ['output less than none', `viewer=${viewer}&columns=80&rows=24&has=-1`],
  ['too much history', `viewer=${viewer}&columns=80&rows=24&history=1001`],
  ['a word for a yes', `viewer=${viewer}&columns=80&rows=24&readonly=maybe`],
])('%s is refused before there is a socket', async (_what, query) => {
  const job = door.services.addSession(door.tenant).id;
  expect(await dial(job, query).closed).toBe(400);
  expect(opened(job)).toEqual([]);
});

test('a job without a terminal, of nobody, or of another tenant has none to look at', async () => {
  const other = await door.access.tenants.create('other', 'enterprise', 'test');
  expect(await dial(door.services.addJob(door.tenant).id).closed).toBe(400);
  expect(await dial(`j-${'a'.repeat(26)}`).closed).toBe(404);
  const foreign = door.services.addSession(other.id).id;
  expect(await dial(foreign).closed).toBe(404);
  expect(opened(foreign)).toEqual([]);
});

test('input before the terminal is open, and more than the program takes, are refused', async () => {
  const job = door.services.addSession(door.tenant).id;
  const early = dial(job);
  const first = await waitFor(() => opened(job)[0]);
  early.send(input(0, 'x'));
  expect(await early.closed).toBe(4400);
  expect(first.said).toEqual([]);
  const {client} = await viewing();
  const piece = 'p'.repeat(16 * 1024);
  for (let at = 0; at < 70; at += 1) client.send(input(at * piece.length, piece));
  expect(await client.closed).toBe(4400);
  expect(client.said.at(-1)).toMatchObject({error: {code: 'TOO_MANY_REQUESTS'}});
});

test('who may only read is refused every word that types or takes, and the worker hears none of it', async () => {
  const token = await door.token('viewer');
  for (const message of [input(0, 'rm'), {type: 'take'}]) {
    const {client, worker} = await viewing(token);
    expect(worker.request.mayType).toBe(false);
    client.send({type: 'resize', columns: 50, rows: 10});
    client.send(message);
    expect(await client.closed).toBe(4403);
    expect(worker.said).toEqual([{type: 'terminal.resize', columns: 50, rows: 10}]);
  }
});

test('a view ends within five seconds of its token, and nothing is heard or shown after it', async () => {
  const {secret, record} = await door.access.tokens.create({tenant: door.tenant, actor: 'test'}, {name: 'short', access: 'member'});
  const {client, worker} = await viewing(secret);
  client.send({type: 'credit', bytes: 1_000});
  await waitFor(() => worker.said.length === 1);
  await door.access.tokens.revoke({tenant: door.tenant, actor: 'test'}, record.id);
  expect([4401, 1006]).toContain(await client.closed);
  await waitFor(() => worker.isClosed);
  worker.handlers.data({stream: 1, offset: 0, bytes: Buffer.from('secret')});
  expect(client.bytes).toEqual([]);
});

test.each([
  ['more than it was asked for', 0, 101],
  ['bytes behind a hole', 5, 10],
])('a worker that sends %s loses that viewer, who is told so and may come again', async (_what, offset, length) => {
  const {client, worker} = await viewing();
  client.send({type: 'credit', bytes: 100});
  await waitFor(() => worker.said.length === 1);
  worker.handlers.data({stream: 1, offset, bytes: Buffer.alloc(length)});
  expect(await client.closed).toBe(1011);
  expect(client.error()).toMatch(/worker/i);
  expect([client.bytes.length, worker.isClosed]).toEqual([0, true]);
});

test('a client that takes what is sent and reads nothing is let go, whatever it says', async () => {
  const {client, worker} = await viewing();
  client.socket.pause();
  const piece = Buffer.alloc(32 * 1024);
  let asked = 0;
  let sent = 0;
  const most = 64 * MiB;
  while (!worker.isClosed && sent < most) {
    client.send({type: 'credit', bytes: MiB});
    asked += 1;
    await waitFor(() => worker.isClosed || worker.said.length === asked);
    for (let at = 0; at < MiB && !worker.isClosed; at += piece.length) {
      worker.handlers.data({stream: 1, offset: sent, bytes: piece});
      sent += piece.length;
    }
    await new Promise(resolve => setImmediate(resolve));
  }
  expect(sent).toBeLessThan(most);
  client.socket.resume();
  expect([1006, 4408]).toContain(await client.closed);
});

test('a flood of words is heard slowly, and others are heard meanwhile', async () => {
  const noisy = await viewing();
  const other = await viewing();
  for (let at = 0; at < 5_000; at += 1) noisy.client.send({type: 'redraw'});
  other.client.send(input(0, 'hello'));
  await waitFor(() => other.worker.said.length === 1);
  expect(noisy.worker.said.length).toBeLessThan(3_000);
  expect(noisy.client.socket.readyState).toBe(WebSocket.OPEN);
});

test('any text at all leaves the server up and the other viewer as it was', async () => {
  const other = await viewing();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({maxLength: 200}),
        fc.json(),
        fc
          .record({type: fc.constantFrom('input', 'credit', 'resize', 'take'), bytes: fc.anything()})
          .map(value => JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? 1 : each))),
      ),
      async text => {
        const {client} = await viewing();
        client.send(text);
        client.send({type: 'shout'});
        expect(await client.closed).toBe(4400);
      },
    ),
    {numRuns: 30},
  );
  other.client.send(input(0, 'hello'));
  await waitFor(() => other.worker.said.length === 1);
  expect(door.faults).toEqual([]);
});
