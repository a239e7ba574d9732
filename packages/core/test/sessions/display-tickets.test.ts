import {once} from 'node:events';
import {WebSocket} from 'ws';
import {expect, onTestFinished, test} from 'vitest';
import {DISPLAY_PROTOCOL, TICKET_PROTOCOL, type Access} from '../../src/api/index.ts';
import {cutText, keyEvent, pointerEvent, setDesktopSize, updateRequest} from '../../src/rfb/messages.ts';
import type {RedisRim} from '../../src/rim/redis.ts';
import {startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

interface Scene {
  readonly door: TestDoor;
  readonly job: string;
  /** What arrived at the display, one buffer for each view. */
  readonly got: Buffer[];
  readonly cut: boolean[];
  display(tenant?: string): string;
}

/** A server with an open display, whose worker listens. */
async function openScene(): Promise<Scene> {
  const door = await startTestDoor();
  onTestFinished(() => door[Symbol.asyncDispose]());
  const display = (tenant = door.tenant) => {
    const {id} = door.services.addSession(tenant);
    door.services.change(id, {kind: 'display', devbox: {id: 'd-1', name: 'web'}} as never);
    return id;
  };
  const scene: Scene = {door, job: display(), got: [], cut: [], display};
  Object.assign(door.services.displays, {
    view: (_worker: string, _of: object, handlers: {opened(): void}) => {
      const at = scene.got.push(Buffer.alloc(0)) - 1;
      queueMicrotask(() => handlers.opened());
      return {
        data: (bytes: Buffer) => void (scene.got[at] = Buffer.concat([scene.got[at]!, bytes])),
        credit: () => undefined,
        end: () => undefined,
        close: () => void (scene.cut[at] = true),
      };
    },
  });
  return scene;
}

async function ticketFor(scene: Scene, {access = 'member', control = 'wait'}: {access?: Access; control?: 'wait' | 'none'} = {}) {
  const token = await scene.door.token(access);
  const view = await scene.door.client(token).jobsDisplayTicket({job: scene.job, body: {control}});
  const [, job, ticket] = /^\/display#([^.]+)\.(.+)$/.exec(view.path)!;
  expect(job).toBe(scene.job);
  return {token, ticket: ticket!, view};
}

interface Page {
  readonly socket: WebSocket;
  readonly said: {type: string; controls?: boolean; ticket?: string; error?: {code: string; message: string}}[];
  readonly closed: Promise<number>;
}

interface Coming {
  readonly job?: string;
  readonly origin?: string | undefined;
  readonly bearer?: string;
  readonly query?: string;
}

/** As the page's script opens it; resolves to the status where the handshake is refused. */
async function come(scene: Scene, ticket: string, how: Coming = {}): Promise<Page | number> {
  const {port} = scene.door;
  const at = `ws://127.0.0.1:${port}/v1/jobs/${how.job ?? scene.job}/display${how.query ?? ''}`;
  const origin = 'origin' in how ? how.origin : `http://127.0.0.1:${port}`;
  const headers = {...(how.bearer === undefined ? {} : {authorization: `Bearer ${how.bearer}`})};
  const socket = new WebSocket(at, [DISPLAY_PROTOCOL, TICKET_PROTOCOL + ticket], {headers, ...(origin === undefined ? {} : {origin})});
  onTestFinished(() => socket.terminate());
  const said: Page['said'] = [];
  socket.on('message', (data, isBinary) => void (isBinary || said.push(JSON.parse(String(data)))));
  socket.on('error', () => undefined);
  const closed = new Promise<number>(resolve => socket.once('close', code => resolve(code)));
  const refused = once(socket, 'unexpected-response').then(([, response]) => (response as {statusCode: number}).statusCode);
  const status = await Promise.race([once(socket, 'open').then(() => 101), refused]);
  return status === 101 ? {socket, said, closed} : status;
}

async function opened(scene: Scene, ticket: string, how: Coming = {}): Promise<Page> {
  const page = await come(scene, ticket, how);
  if (typeof page === 'number') throw new Error(`refused with ${page}`);
  return page;
}

async function refusal(scene: Scene, ticket: string, how: Coming = {}): Promise<string> {
  const page = await opened(scene, ticket, how);
  expect(await page.closed).toBe(4401);
  expect(scene.got.length).toBeLessThanOrEqual(1);
  return `${page.said[0]?.error?.code}: ${page.said[0]?.error?.message}`;
}

const ticketsOf = (rim: RedisRim) => rim.ask(redis => redis.keys('*:display-ticket:*'));

const greeting = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 0])]);
const greeted = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])]);
const key = keyEvent(0x61, true);
const ask = updateRequest({x: 0, y: 0, width: 1, height: 1}, true);

test('a ticket opens one view, whose keys arrive, and a second use is told that it was used', async () => {
  const scene = await openScene();
  const {ticket, view} = await ticketFor(scene);
  expect(Date.parse(view.expiresAt) - Date.now()).toBeLessThanOrEqual(61_000);
  const page = await opened(scene, ticket);
  expect(page.socket.protocol).toBe(DISPLAY_PROTOCOL);
  await waitFor(() => page.said.some(each => each.type === 'opened'));
  page.socket.send(Buffer.concat([greeting, key]));
  await waitFor(() => scene.got[0]!.equals(Buffer.concat([greeted, key])));
  expect(await refusal(scene, ticket)).toBe('TICKET_REFUSED: This link was used before, and works once.');
});

test('of two who use it at once one looks', async () => {
  const scene = await openScene();
  const {ticket} = await ticketFor(scene);
  const pages = await Promise.all([opened(scene, ticket), opened(scene, ticket)]);
  await waitFor(() => pages.every(({said}) => said.some(each => each.type === 'opened' || each.type === 'error')));
  expect(pages.filter(({said}) => said[0]?.type === 'error')).toHaveLength(1);
  expect(scene.got).toHaveLength(1);
});

test('a ticket is good for 60 s', async () => {
  const scene = await openScene();
  const {ticket} = await ticketFor(scene);
  const rim = await scene.door.redis.rim('test');
  const [name] = await ticketsOf(rim);
  await rim.ask(async redis => {
    const record = JSON.parse((await redis.get(name!))!) as {expiresAt: number};
    await redis.set(name!, JSON.stringify({...record, expiresAt: record.expiresAt - 60_001}));
  });
  expect(await refusal(scene, ticket)).toBe('TICKET_REFUSED: This link was not used within 60 s.');
});

test('no ticket, another display, another tenant’s display, or another user’s socket: nothing is opened, and the ticket is spent', async () => {
  const scene = await openScene();
  const other = scene.display();
  const stranger = await scene.door.access.tenants.create('other', 'enterprise', 'test');
  const foreign = scene.display(stranger.id);
  expect(await refusal(scene, 'a'.repeat(52))).toContain('is none that this server gave');
  for (const job of [other, foreign, '127.0.0.1:22', encodeURIComponent('../../127.0.0.1')]) {
    const {ticket} = await ticketFor(scene);
    expect(await refusal(scene, ticket, {job})).toContain('is for another display');
    expect(await refusal(scene, ticket)).toContain('was used before');
  }
  const {ticket} = await ticketFor(scene);
  expect(await refusal(scene, ticket, {bearer: await scene.door.token('owner')})).toContain('was made for somebody else');
  expect(await come(scene, (await ticketFor(scene)).ticket, {query: '?host=127.0.0.1&port=22'})).toBe(400);
  expect(scene.got).toEqual([]);
});

test.each([undefined, 'null', 'http://evil.example', 'https://127.0.0.1', 'HTTP://LOCALHOST', 'http://localhost.evil.example'])(
  'a socket from %s is refused before the ticket is looked at',
  async origin => {
    const scene = await openScene();
    const {ticket} = await ticketFor(scene);
    expect(await come(scene, ticket, {origin})).toBe(403);
    await opened(scene, ticket);
  },
);

test.each([
  ['of a viewer’s token', {access: 'viewer', control: 'wait'}],
  ['made to look only', {access: 'member', control: 'none'}],
] as const)('a ticket %s never controls, whatever is asked for and however keys are cut', async (_what, how) => {
  const scene = await openScene();
  const {ticket} = await ticketFor(scene, how);
  const page = await opened(scene, ticket, {query: '?control=take'});
  await waitFor(() => page.said.some(each => each.type === 'opened'));
  expect(page.said.find(each => each.type === 'control')).toMatchObject({controls: false, mayControl: false});
  const deeds = Buffer.concat([key, cutText('pasted'), pointerEvent(1, 1, 1), setDesktopSize(100, 100), key]);
  for (const byte of Buffer.concat([greeting, deeds])) page.socket.send(Buffer.from([byte]));
  page.socket.send(Buffer.concat([deeds, ask, deeds]));
  page.socket.send(deeds.subarray(0, 5), {fin: false});
  page.socket.send(Buffer.concat([deeds.subarray(5), ask]));
  await waitFor(() => scene.got[0]!.equals(Buffer.concat([greeted, ask, ask])));
});

test('who looks is given the ticket of the next look, and only the newest is good', async () => {
  const scene = await openScene();
  const {ticket} = await ticketFor(scene);
  const page = await opened(scene, ticket);
  const renewal = await waitFor(() => page.said.find(each => each.type === 'renewal'));
  page.socket.close();
  await page.closed;
  const again = await opened(scene, renewal.ticket!);
  await waitFor(() => again.said.some(each => each.type === 'opened'));
  // The one that was used, the one it was renewed by, and the newest.
  await waitFor(async () => (await ticketsOf(await scene.door.redis.rim('test'))).length === 3);
});

test('a revoked token closes the page’s socket, and its tickets open nothing', async () => {
  const scene = await openScene();
  const owner = scene.door.client();
  const made = await owner.tokensCreate({body: {name: 'short', access: 'member'}});
  const ticketOf = async () => (await scene.door.client(made.token).jobsDisplayTicket({job: scene.job, body: {}})).path.split('.').at(-1)!;
  const [used, unused] = [await ticketOf(), await ticketOf()];
  const page = await opened(scene, used);
  const renewal = await waitFor(() => page.said.find(each => each.type === 'renewal'));
  await owner.tokensRevoke({token: made.id});
  await waitFor(() => scene.cut[0] === true, {within: 20_000});
  await page.closed;
  for (const ticket of [unused, renewal.ticket!]) expect(await refusal(scene, ticket)).toContain('UNAUTHENTICATED');
});

test('a display that is closed closes the page’s socket and says so', async () => {
  const scene = await openScene();
  const page = await opened(scene, (await ticketFor(scene)).ticket);
  await waitFor(() => page.said.some(each => each.type === 'opened'));
  scene.door.services.end(scene.job);
  expect(await page.closed).toBe(4400);
  expect(page.said.at(-1)?.error?.code).toBe('NOT_FOUND');
});

test('the page and its files run one script of this server’s, are not framed and not kept, and name no job or ticket', async () => {
  const scene = await openScene();
  const {job} = scene;
  for (const [path, type] of Object.entries({
    '/display': 'text/html',
    '/display/page.js': 'text/javascript',
    '/display/style.css': 'text/css',
  })) {
    const answer = await fetch(scene.door.url + path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
    const policy = answer.headers.get('content-security-policy')!.split('; ');
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|http/);
    const kept = ['referrer-policy', 'x-content-type-options', 'cache-control'].map(name => answer.headers.get(name));
    expect(kept).toEqual(['no-referrer', 'nosniff', 'no-store']);
    expect(await answer.text()).not.toContain(job);
  }
  expect((await fetch(`${scene.door.url}/display?job=${job}`)).status).toBe(400);
});
