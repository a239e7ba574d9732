import {request} from 'node:http';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {contracts, routes, type Contract, type RouteName} from '../../src/api/index.ts';
import type {RedisRim} from '../../src/rim/redis.ts';
import {type Server, startServer} from '../../src/server.ts';
import {type TestRedis, startTestRedis} from '../redis-for-tests.ts';
import {fitting, spoiled, strange} from './schema-arbitrary.ts';

let redis: TestRedis;
let server: Server;
let rim: RedisRim;
let dir: string;
let token: string;
const faults: unknown[] = [];

beforeAll(async () => {
  redis = await startTestRedis();
  dir = mkdtempSync(join(tmpdir(), 'bxh-'));
  rim = await redis.rim('hostile');
  server = await startServer({
    dataDir: dir,
    blobDir: join(dir, 'blobs'),
    redisDir: join(dir, 'redis'),
    redisUrl: redis.url,
    searchPath: '',
    prefix: 'hostile',
    listen: [{host: '127.0.0.1', port: 0}],
    localToken: join(dir, 'token'),
    version: '0.0.0',
    log: {info: () => undefined, warn: () => undefined, error: fields => void faults.push(fields)},
  });
  const line = readFileSync(join(dir, 'token'), 'utf8').trim();
  token = line.slice(line.lastIndexOf('_') + 1);
});
afterAll(async () => {
  await server.close();
  await redis[Symbol.asyncDispose]();
  rmSync(dir, {recursive: true, force: true});
});

interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** The status and body; of a stream, a socket or a long body only what came first. */
async function ask({path, method, headers = {}, body}: Asked): Promise<{status: number; text: string}> {
  const {promise, resolve, reject} = Promise.withResolvers<{status: number; text: string}>();
  const url = new URL(server.url);
  const options = {host: url.hostname, port: url.port, path, method, headers: {authorization: `Bearer ${token}`, ...headers}};
  const sent = request(options, response => {
    const status = response.statusCode ?? 0;
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      if (status < 300) response.destroy();
    });
    response.once('close', () => resolve({status, text}));
  });
  sent.once('upgrade', (_response, socket) => {
    socket.destroy();
    resolve({status: 101, text: ''});
  });
  sent.once('error', reject);
  sent.end(body);
  return promise;
}

/** Everything in Redis that a request of a client could change: not the queue's own keys, clocks, and when a token was last used. */
async function stored(): Promise<Readonly<Record<string, string>>> {
  return rim.ask(async client => {
    const all = await client.keys('{hostile}:*');
    const keys = all.filter(key => !/:(q:|pulse|server:|bell:|auditing|audited|access:tokens-used)/.test(key)).sort();
    const values = await Promise.all(
      keys.map(async key => {
        // The order in which a hash is written out means nothing.
        if ((await client.type(key)) === 'hash')
          return JSON.stringify(Object.entries(await client.hgetall(key)).toSorted(([a], [b]) => a.localeCompare(b)));
        return (await client.dumpBuffer(key))?.toString('base64') ?? '';
      }),
    );
    return Object.fromEntries(keys.map((key, at) => [key, values[at]!]));
  });
}

const names = (Object.keys(routes) as RouteName[]).filter(name => name !== 'agents');
const encoded = (value: unknown) => encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed());

function requestsTo(name: RouteName): fc.Arbitrary<Asked> {
  const {method, path} = routes[name];
  const contract: Contract = contracts[name];
  const params = fc.array(fc.oneof(strange, fc.constantFrom('nothing', 'local', 'j-aaaa', 'd-a/b')), {minLength: 3, maxLength: 3});
  const bodies =
    contract.body === undefined
      ? fc.constant(undefined)
      : fc.oneof({weight: 3, arbitrary: spoiled(fitting(contract.body))}, {weight: 1, arbitrary: fitting(contract.body)});
  const query = contract.query === undefined ? fc.constant({}) : fc.oneof(fitting(contract.query), spoiled(fitting(contract.query)));
  return fc.tuple(params, bodies, query, fc.constantFrom('', 'key', 'k y', 'k'.repeat(300))).map(([given, body, asked, key]) => {
    let at = 0;
    const filled = path.replace(/:\w+/g, () => encoded(given[at++]).slice(0, 900) || 'x');
    const pairs = Object.entries((asked ?? {}) as object).map(([field, value]) => `${encodeURIComponent(field)}=${encoded(value)}`);
    const text = contract.takes === undefined ? (body === undefined ? undefined : JSON.stringify(body)) : 'bytes';
    const isSocket = method === 'WS';
    return {
      method: isSocket ? 'GET' : method,
      path: `${filled}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`,
      headers: {
        ...(key === '' ? {} : {'idempotency-key': key}),
        ...(text === undefined
          ? {}
          : {'content-type': contract.takes ?? 'application/json', 'content-length': String(Buffer.byteLength(text))}),
        ...(isSocket
          ? {connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg=='}
          : {}),
      },
      body: text,
    };
  });
}

function checkRefusal(asked: Asked, {status, text}: {status: number; text: string}): void {
  const {error} = JSON.parse(text) as {error: {code: string; message: string; hint?: string}};
  expect(error.code, JSON.stringify(asked)).toMatch(/^[A-Z_]+$/);
  expect(error.message).toMatch(/[.?]$/);
  expect(error.hint ?? '', `${status} ${error.code}: ${error.message}`).not.toBe('');
  expect(text).not.toMatch(/node_modules|\.ts:\d|    at /);
}

type Stored = Awaited<ReturnType<typeof stored>>;

/** What was accepted before goes on meanwhile: only what changes each time is this request's doing. */
async function expectNoChange(asked: Asked, before: Stored, after: Stored, tries = 4): Promise<void> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  if (tries === 0) expect(after).toEqual(before);
  const next = await stored();
  await ask(asked);
  await expectNoChange(asked, next, await stored(), tries - 1);
}

// Before the random ones: they may do away with the token too.
const create = (path: string, body: string) =>
  ask({
    path,
    method: 'POST',
    headers: {'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body, 'latin1'))},
    body,
  });

test('a token that would end in a year nobody can write is refused, and the list of tokens stays whole', async () => {
  const body = JSON.stringify({name: 'far', access: 'viewer', expiresInMs: Number.MAX_SAFE_INTEGER});
  expect((await create('/v1/tokens', body)).status).toBe(400);
  const listed = await ask({path: '/v1/tokens', method: 'GET'});
  expect(listed.status).toBe(200);
  expect(listed.text).not.toContain('far');
});

test.each([
  ['half a character', '{"name":"a\\ud800","access":"viewer"}'],
  ['half a character in a name', '{"name":"a","access":"viewer","\\ud800":1}'],
])('%s is refused: nothing could pass it on as it is', async (_what, body) => {
  const answer = await create('/v1/tokens', body);
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('half a character')]);
});

test.each(names)(
  '%s refuses what it cannot take with a code, a sentence and a hint, and changes nothing',
  {timeout: 60_000},
  async name => {
    await fc.assert(
      fc.asyncProperty(requestsTo(name), async asked => {
        const before = await stored();
        const answer = await ask(asked);
        expect(answer.status, JSON.stringify([asked, answer.text.slice(0, 300), faults.map(String)])).toBeLessThan(500);
        if (answer.status < 400) return;
        checkRefusal(asked, answer);
        await expectNoChange(asked, before, await stored());
      }),
      {numRuns: 40, interruptAfterTimeLimit: 20_000},
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(faults).toEqual([]);
  },
);
