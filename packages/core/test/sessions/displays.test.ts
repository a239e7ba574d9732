import {once} from 'node:events';
import {duplexPair} from 'node:stream';
import {WebSocket} from 'ws';
import {expect, onTestFinished, test} from 'vitest';
import type {Access} from '../../src/api/index.ts';
import {BoxyardError, toWire} from '../../src/errors/index.ts';
import {keyEvent, pointerEvent, updateRequest} from '../../src/rfb/messages.ts';
import type {DisplayService, PortHandlers} from '../../src/services.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

interface View {
  readonly handlers: PortHandlers;
  readonly got: Buffer[];
  isCut: boolean;
}

/** A display that is open on a worker that answers as the test says. */
async function startDisplay(): Promise<{door: TestDoor; job: string; views: View[]; open(view: DisplayService['view']): void}> {
  const door = await startTestDoor();
  onTestFinished(() => door[Symbol.asyncDispose]());
  const {id} = door.services.addSession((await door.client().whoami()).tenant.id);
  door.services.change(id, {kind: 'display'});
  const views: View[] = [];
  const open = (view: DisplayService['view']) => void Object.assign(door.services.displays, {view});
  open((_worker, _display, handlers) => {
    const view: View = {handlers, got: [], isCut: false};
    views.push(view);
    queueMicrotask(() => handlers.opened());
    return {
      data: bytes => void view.got.push(Buffer.from(bytes)),
      credit: () => undefined,
      end: () => undefined,
      close: () => void (view.isCut = true),
    };
  });
  return {door, job: id, views, open};
}

interface Viewer {
  readonly socket: WebSocket;
  readonly said: {type: string; controls?: boolean; mayControl?: boolean; error?: {code: string}}[];
  readonly closed: Promise<number>;
}

async function look(
  door: TestDoor,
  job: string,
  {access = 'member', control = 'wait'}: {access?: Access; control?: string} = {},
): Promise<Viewer> {
  const token = await door.token(access);
  const at = `ws://127.0.0.1:${door.port}/v1/jobs/${job}/display?control=${control}`;
  const socket = new WebSocket(at, {headers: {authorization: `Bearer ${token}`}});
  onTestFinished(() => socket.terminate());
  const said: Viewer['said'] = [];
  socket.on('message', (data, isBinary) => void (isBinary || said.push(JSON.parse(String(data)))));
  const closed = new Promise<number>(resolve => socket.once('close', code => resolve(code)));
  await once(socket, 'open');
  return {socket, said, closed};
}

const greeting = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 0])]);
const greeted = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])]);
const key = keyEvent(0x61, true);
const ask = updateRequest({x: 0, y: 0, width: 1, height: 1}, true);
const said = (view: View) => Buffer.concat(view.got);

test('of many viewers one controls; who takes over is heard, and the other has let go of its keys', async () => {
  const {door, job, views} = await startDisplay();
  const first = await look(door, job);
  const second = await look(door, job);
  await waitFor(() => views.length === 2 && second.said.length === 2);
  expect(first.said[0]).toEqual({type: 'control', controls: true, mayControl: true});
  expect(second.said[0]).toEqual({type: 'control', controls: false, mayControl: true});
  first.socket.send(Buffer.concat([greeting, key]));
  second.socket.send(Buffer.concat([greeting, key, ask]));
  await waitFor(() => said(views[0]!).length > 14 && said(views[1]!).length > 14);
  expect(said(views[0]!)).toEqual(Buffer.concat([greeted, key]));
  expect(said(views[1]!)).toEqual(Buffer.concat([greeted, ask]));
  second.socket.send('{"type":"take"}');
  await waitFor(() => second.said.at(-1)?.controls === true);
  expect(first.said.at(-1)).toMatchObject({type: 'control', controls: false});
  expect(said(views[0]!)).toEqual(Buffer.concat([greeted, key, keyEvent(0x61, false)]));
  second.socket.close();
  await waitFor(() => first.said.at(-1)?.controls === true);
  expect(views[1]!.isCut).toBe(true);
});

test.each([
  ['a viewer’s token', {access: 'viewer', control: 'wait'}],
  ['one that asked to look alone', {access: 'member', control: 'none'}],
  ['a thumbnail', {access: 'member', control: 'glance'}],
] as const)('%s: no key, pointer or size arrives, and it cannot take control', async (_what, how) => {
  const {door, job, views} = await startDisplay();
  const {socket, said: heard, closed} = await look(door, job, how);
  await waitFor(() => heard.some(({type}) => type === 'opened'));
  expect(heard.filter(({type}) => type === 'control')).toEqual([{type: 'control', controls: false, mayControl: false}]);
  socket.send(Buffer.concat([greeting, key, pointerEvent(1, 1, 1), ask, key]));
  await waitFor(() => said(views[0]!).length >= greeted.length + ask.length);
  expect(said(views[0]!)).toEqual(Buffer.concat([greeted, ask]));
  socket.send('{"type":"take"}');
  expect(await closed).toBe(4400);
  expect(heard.at(-1)?.error?.code).toBe('FORBIDDEN');
  expect(views[0]!.isCut).toBe(true);
});

test('a thumbnail is told who looks and who controls, and is not one of them', async () => {
  const {door, job} = await startDisplay();
  const glance = await look(door, job, {control: 'glance'});
  const other = await look(door, job, {control: 'glance'});
  const heard = () => glance.said.filter(({type}) => type === 'watched');
  await waitFor(() => heard().length === 1 && other.said.length > 1);
  expect(heard()).toEqual([{type: 'watched', viewers: 0}]);
  const person = await look(door, job);
  await waitFor(() => heard().length === 2);
  expect(heard()[1]).toMatchObject({viewers: 1, controller: expect.any(String)});
  expect(person.said[0]).toMatchObject({controls: true});
  const from = Date.now();
  person.socket.close();
  await waitFor(() => heard().length === 3);
  expect(heard()[2]).toEqual({type: 'watched', viewers: 0, quietSince: expect.any(Number)});
  const later = await look(door, job, {control: 'glance'});
  await waitFor(() => later.said.length > 0);
  expect(Math.abs((later.said[0] as {quietSince?: number}).quietSince! - from)).toBeLessThan(5_000);
});

test('keys that are left out cost the viewer no credit', async () => {
  const {door, job, views} = await startDisplay();
  const {socket, said: heard} = await look(door, job, {control: 'none'});
  await waitFor(() => heard.length === 2);
  socket.send(greeting);
  let allowed = 256 * 1024 - greeting.length;
  socket.on('message', (data, isBinary) => {
    const message = JSON.parse(isBinary ? '{}' : String(data)) as {type?: string; bytes: number};
    if (message.type === 'credit') allowed += message.bytes;
  });
  const many = Buffer.concat(Array.from({length: 8_000}, () => key));
  for (let sent = 0; sent < 12; sent += 1) {
    await waitFor(() => allowed >= many.length);
    allowed -= many.length;
    socket.send(many);
  }
  socket.send(ask);
  await waitFor(() => said(views[0]!).length === greeted.length + ask.length);
});

test('what is no RFB ends it, on the viewer’s side and on the display’s', async () => {
  const {door, job, views} = await startDisplay();
  const {socket, said: heard, closed} = await look(door, job);
  await waitFor(() => heard.length === 2);
  socket.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  expect(await closed).toBe(4400);
  expect(heard.at(-1)?.error?.code).toBe('RFB_INVALID');
  expect(views[0]!.isCut).toBe(true);
});

test('it waits for a worker that is away and for a screen that is opened again, and says why it cannot be', async () => {
  const {door, job, open} = await startDisplay();
  const answers = ['WORKER_OFFLINE', 'NOT_FOUND', 'DISPLAY_DENIED'] as const;
  let asked = 0;
  open((_worker, _display, handlers) => {
    const error = new BoxyardError(answers[asked++]!, {reason: 'a wrong password'});
    if (asked === 1) throw error;
    queueMicrotask(() => handlers.end(toWire(error)));
    return {data: () => undefined, credit: () => undefined, end: () => undefined, close: () => undefined};
  });
  const [, far] = duplexPair();
  expect(await codeOf(door.client().viewDisplay({job}, far))).toBe('DISPLAY_DENIED');
  expect(asked).toBe(3);
});

test('why a display never came about is what its viewer is told', async () => {
  const {door, job} = await startDisplay();
  const error = toWire(new BoxyardError('DISPLAY_UNAVAILABLE', {issue: 'its image has no X server that can be watched'}));
  door.services.change(job, {state: 'ended', outcome: 'failed', error});
  const [, far] = duplexPair();
  expect(await codeOf(door.client().viewDisplay({job}, far))).toBe('DISPLAY_UNAVAILABLE');
});

test('a job that is no display has none', async () => {
  const {door} = await startDisplay();
  const {id} = door.services.addSession((await door.client().whoami()).tenant.id);
  const [, far] = duplexPair();
  expect(await codeOf(door.client().viewDisplay({job: id}, far))).toBe('INVALID_INPUT');
});

test('a revoked token ends its view within five seconds', async () => {
  const {door, job, views} = await startDisplay();
  const made = await door.client().tokensCreate({body: {name: 'short', access: 'member'}});
  const [near, far] = duplexPair();
  const over = codeOf(door.client(made.token).viewDisplay({job}, far));
  await waitFor(() => views.length === 1);
  await door.client().tokensRevoke({token: made.id});
  await waitFor(() => views[0]!.isCut, {within: 20_000});
  expect(await over).toBe('SERVER_UNREACHABLE');
  near.destroy();
});
