import {once} from 'node:events';
import {Duplex, PassThrough} from 'node:stream';
import {text} from 'node:stream/consumers';
import {WebSocket} from 'ws';
import {expect, onTestFinished, test} from 'vitest';
import {BoxyardError, toWire} from '../../src/errors/index.ts';
import type {PortHandlers, PortService, PortStream} from '../../src/services.ts';
import {STREAM_WINDOW} from '../../src/streams/index.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

interface Box {
  readonly handlers: PortHandlers;
  readonly got: Buffer[];
  readonly port: number;
  hasEnded: boolean;
  isCut: boolean;
}

/** A door behind which every DevBox but `foreign` answers as the test says. */
async function startDoor(): Promise<{door: TestDoor; boxes: Box[]}> {
  const door = await startTestDoor();
  onTestFinished(() => door[Symbol.asyncDispose]());
  const boxes: Box[] = [];
  const ports: PortService = {
    async find(tenant, devbox) {
      if (devbox === 'foreign') throw new BoxyardError('NOT_FOUND', {what: 'DevBox', name: devbox});
      return {worker: 'w', target: {tenant, engine: 'fake', box: devbox}};
    },
    open(_place, port, handlers): PortStream {
      const box: Box = {handlers, got: [], port, hasEnded: false, isCut: false};
      boxes.push(box);
      return {
        data: bytes => void box.got.push(Buffer.from(bytes)),
        credit: () => undefined,
        end: () => void (box.hasEnded = true),
        close: () => void (box.isCut = true),
      };
    },
  };
  Object.assign(door.services.ports, ports);
  return {door, boxes};
}

async function raw(door: TestDoor, path = 'web/ports/80'): Promise<{socket: WebSocket; closed: Promise<number>}> {
  const token = await door.token('member');
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/v1/devboxes/${path}`, {headers: {authorization: `Bearer ${token}`}});
  onTestFinished(() => socket.terminate());
  const closed = new Promise<number>(resolve => socket.once('close', code => resolve(code)));
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'open'), closed]);
  return {socket, closed};
}

/** Both ends of a stream of this process. */
function local(): {near: Duplex; answer: Promise<string>; input: PassThrough} {
  const input = new PassThrough();
  const output = new PassThrough();
  const answer = text(output);
  answer.catch(() => undefined);
  return {near: Duplex.from({readable: input, writable: output}), answer, input};
}

test('bytes go both ways, and each direction ends by itself', async () => {
  const {door, boxes} = await startDoor();
  const {near, answer, input} = local();
  const over = door.client().connectPort({devbox: 'web', port: 80}, near);
  await waitFor(() => boxes.length === 1);
  const box = boxes[0]!;
  box.handlers.opened();
  input.end('asked');
  await waitFor(() => box.hasEnded);
  expect([box.port, Buffer.concat(box.got).toString()]).toEqual([80, 'asked']);
  box.handlers.data(Buffer.from('answered'));
  box.handlers.end(undefined);
  box.handlers.over();
  expect(await answer).toBe('answered');
  await over;
  expect(box.isCut).toBe(false);
});

test('why there is no connection is told, and the program here sees its own end', async () => {
  const {door, boxes} = await startDoor();
  const {near} = local();
  const over = codeOf(door.client().connectPort({devbox: 'web', port: 80}, near));
  await waitFor(() => boxes.length === 1);
  boxes[0]!.handlers.end(toWire(new BoxyardError('PORT_CLOSED', {port: 80})));
  expect(await over).toBe('PORT_CLOSED');
  await waitFor(() => near.destroyed);
  expect(await codeOf(door.client().connectPort({devbox: 'foreign', port: 80}, local().near))).toBe('NOT_FOUND');
});

test.each(['0', '65536', '-1', '1.5', '0x50', '%20', '080000'])('%s is no port', async port => {
  const {door, boxes} = await startDoor();
  const {near} = local();
  expect(await codeOf(door.client().connectPort({devbox: 'web', port: port as unknown as number}, near))).toBe('INVALID_INPUT');
  expect(boxes).toEqual([]);
});

test('a program here that goes away cuts the connection in the DevBox', async () => {
  const {door, boxes} = await startDoor();
  const {near} = local();
  const over = door.client().connectPort({devbox: 'web', port: 80}, near);
  await waitFor(() => boxes.length === 1);
  boxes[0]!.handlers.opened();
  boxes[0]!.handlers.data(Buffer.from('x'));
  near.destroy();
  await over;
  await waitFor(() => boxes[0]!.isCut);
});

test.each([
  ['bytes before it is open', [Buffer.from('x')]],
  ['no JSON', ['{']],
  ['an unknown message', ['{"type":"resize"}']],
  ['credit for what was not sent', ['{"type":"credit","bytes":1}']],
  ['credit below nothing', ['{"type":"credit","bytes":-1}']],
  ['an end after the end', ['{"type":"end"}', '{"type":"end"}']],
])('%s is refused, and the connection in the DevBox is cut', async (_what, frames) => {
  const {door, boxes} = await startDoor();
  const {socket, closed} = await raw(door);
  for (const frame of frames) socket.send(frame);
  expect(await closed).toBe(4400);
  await waitFor(() => boxes[0]!.isCut);
});

test('a client that sends more than its credit is refused', async () => {
  const {door, boxes} = await startDoor();
  const {socket, closed} = await raw(door);
  await waitFor(() => boxes.length === 1);
  boxes[0]!.handlers.opened();
  for (let sent = 0; sent <= STREAM_WINDOW; sent += 64 * 1024) socket.send(Buffer.alloc(64 * 1024));
  expect(await closed).toBe(4400);
  expect(Buffer.concat(boxes[0]!.got).length).toBeLessThanOrEqual(STREAM_WINDOW);
});

test('what an agent sends without credit is not kept', async () => {
  const {door, boxes} = await startDoor();
  const {closed} = await raw(door);
  await waitFor(() => boxes.length === 1);
  boxes[0]!.handlers.opened();
  for (let sent = 0; sent <= STREAM_WINDOW; sent += 32 * 1024) boxes[0]!.handlers.data(Buffer.alloc(32 * 1024));
  expect(await closed).toBe(4400);
  expect(boxes[0]!.isCut).toBe(true);
});

test('a revoked token ends its connections within five seconds', async () => {
  const {door, boxes} = await startDoor();
  const made = await door.client().tokensCreate({body: {name: 'short', access: 'member'}});
  const {near} = local();
  const over = codeOf(door.client(made.token).connectPort({devbox: 'web', port: 80}, near));
  await waitFor(() => boxes.length === 1);
  boxes[0]!.handlers.opened();
  await door.client().tokensRevoke({token: made.id});
  await waitFor(() => boxes[0]!.isCut, {within: 20_000});
  expect(await over).toBe('SERVER_UNREACHABLE');
});
