import {Validator} from '@seriousme/openapi-schema-validator';
import {get} from 'node:http';
import {createServer, type AddressInfo} from 'node:net';

import {afterAll, beforeAll, expect, test} from 'vitest';
import {isSocket, operations, Reader, type Description} from './described-answers.ts';
import {ofClusters, ofWebhooks, tarOf} from './described-subjects.ts';
import {baseImage, engines, run, Up, waitUntil} from './up.ts';

/** What a real server says of itself, and whether what it answers is that. */
let up: Up;
let description: Description;
beforeAll(async () => {
  up = await Up.open({BOXYARD_TIME_SCALE: '0.1', BOXYARD_WEBHOOK_ALLOW: '127.0.0.0/8'});
  description = await up.api.must<Description>('GET', '/v1/openapi.json');
});
afterAll(() => up?.[Symbol.asyncDispose]());

const looking = `?viewer=${'v'.repeat(24)}&columns=80&rows=24`;

test('the description is OpenAPI 3.1 to a validator that is not ours', async () => {
  const validator = new Validator();
  expect(await validator.validate({...structuredClone(description)})).toEqual({valid: true});
  expect(validator.version).toBe('3.1');
});

test('every route answers, well and badly, with what is described', async () => {
  const reader = new Reader(up.api, description);
  await badly(reader);
  await ofJobs(reader);
  await ofDevBoxes(reader);
  await ofImages(reader);
  await ofAccess(reader);
  await ofClusters(reader, up);
  await ofWebhooks(reader);
  await ofWorkers(reader);
  const [container] = (await engines()).filter(engine => engine !== 'process');
  if (container !== undefined) await ofSnapshots(reader, container);
  const beyond = container === undefined ? ['devboxesSnapshot: success'] : [];
  expect(reader.wrong).toEqual([]);
  const lacking = operations(description).flatMap(({operation: {operationId}}) =>
    (['success', 'error'] as const).filter(kind => !reader.seen.get(operationId)?.has(kind)).map(kind => `${operationId}: ${kind}`),
  );
  expect(lacking).toEqual(beyond);
});

/** Unknown callers, parameters, fields and objects. */
async function badly(reader: Reader): Promise<void> {
  for (const {method, operation} of operations(description)) {
    const name = operation.operationId;
    const stranger = await reader.ask(name, {token: 'nobody', query: name === 'jobsTerminal' ? looking : ''});
    if (operation.security?.length !== 0) expect(stranger.status, name).toBe(401);
    if (isSocket(operation)) continue;
    const type = name === 'uploads' ? 'application/octet-stream' : isTar(name) ? 'application/x-tar' : undefined;
    const sent = type === undefined ? {} : {raw: 'x', headers: {'content-type': type}};
    const odd = await reader.ask(name, {query: '?no-such-parameter=1', ...sent});
    expect(odd.status, name).toBeGreaterThanOrEqual(400);
    if (method !== 'GET' && type === undefined) await reader.ask(name, {body: {'no-such-field': 1}});
    // The stream of events would never end.
    if (name !== 'events') await reader.ask(name, sent);
  }
}

async function ofJobs(reader: Reader): Promise<void> {
  for (const name of ['health', 'openapi', 'metrics', 'whoami']) await reader.ok(name);
  await heads(reader, 'events', '/v1/events');
  const upload = await reader.ok<{blob: string; bytes: number}>('uploads', {
    raw: await tarOf('a.txt'),
    headers: {'content-type': 'application/octet-stream'},
  });
  const body = {
    engine: 'process',
    command: ['sh', '-c', 'cp a.txt b.txt; echo out; exit 3'],
    source: {kind: 'dir', ...upload},
    out: ['b.txt'],
    labels: {a: 'b'},
    retries: 1,
    idempotent: true,
  };
  const {id} = await reader.ok<{id: string}>('jobsCreate', {body, headers: {'Idempotency-Key': 'again'}});
  await reader.ok('jobsShow', {at: {job: id}});
  await up.ended(id);
  for (const name of ['jobsShow', 'jobsLogs', 'jobsLogTimes', 'jobsOut']) await reader.ok(name, {at: {job: id}});
  await reader.ok('jobsList', {query: '?limit=2'});
  expect((await reader.ask('jobsAttach', {at: {job: id}, query: '?stdout=0'})).status).toBe(101);
  await reader.ok('jobsRetry', {at: {job: id}});
  const copies = await reader.ok<{id: string}>('jobsCreate', {body: {engine: 'process', command: ['true'], fanOut: {copies: 2}}});
  const tty = {columns: 80, rows: 24};
  const shell = await reader.ok<{id: string}>('jobsCreate', {body: {engine: 'process', command: ['sleep', '300'], tty}});
  expect((await reader.ask('jobsTerminal', {at: {job: shell.id}, query: looking})).status).toBe(101);
  const waiting = await reader.ok<{id: string}>('jobsCreate', {body: {engine: 'nowhere', image: 'a', command: ['true']}});
  await reader.ok('jobsShow', {at: {job: waiting.id}});
  for (const job of [shell.id, waiting.id]) await reader.ok('jobsCancel', {at: {job}, body: {reason: 'seen enough'}});
  for (const job of [shell.id, waiting.id, copies.id]) await up.ended(job);
  await reader.ok('jobsList');
}

async function ofDevBoxes(reader: Reader): Promise<void> {
  const at = {devbox: 'described'};
  const made = await reader.ok<{job: {id: string}}>('devboxesCreate', {body: {name: 'described', engine: 'process', task: 'a\nb'}});
  await up.ended(made.job.id);
  const query = '?path=/workspace';
  await reader.ok('devboxesFilesPut', {at, query, raw: await tarOf('a.txt'), headers: {'content-type': 'application/x-tar'}});
  for (const name of ['devboxesFilesStat', 'devboxesFilesGet']) await reader.ok(name, {at, query});
  for (const name of ['devboxesList', 'devboxesShow', 'devboxesStats']) await reader.ok(name, {at});
  expect((await reader.ask('devboxesPort', {at: {...at, port: '1'}})).status).toBeLessThan(500);
  const listening = await listener();
  expect((await reader.ask('devboxesPort', {at: {...at, port: String(listening.port)}})).status).toBe(101);
  listening.close();
  const deed = async (name: string, body?: object) => {
    const {id} = await reader.ok<{id: string}>(name, {at, body});
    return up.ended(id);
  };
  await deed('devboxesExec', {command: ['true']});
  const display = await reader.ok<{id: string}>('devboxesDisplay', {at, body: {display: 'none-such'}});
  expect((await reader.ask('jobsDisplay', {at: {job: display.id}})).status).toBe(101);
  await up.ended(display.id);
  await reader.ok('jobsDisplayTicket', {at: {job: display.id}, body: {}});
  for (const name of ['displayPage', 'displayScript', 'displayStyle']) await reader.ok(name);
  await deed('devboxesStop', {graceMs: 0});
  await deed('devboxesStart');
  const removal = await reader.ok<{job?: {id: string}}>('devboxesRemove', {at, body: {}});
  if (removal.job !== undefined) await up.ended(removal.job.id);
  await reader.ok('devboxesRestore', {at});
  await deed('devboxesStart');
  const {worker, box} = await forgotten(reader, at.devbox);
  await reader.ok('devboxesAdopt', {body: {worker, box, name: 'adopted'}});
  const last = await reader.ok<{job?: {id: string}}>('devboxesRemove', {at: {devbox: 'adopted'}, body: {now: true}});
  if (last.job !== undefined) await up.ended(last.job.id);
}

/** Its record ends while its worker is away; the box itself is found when the worker is back. */
async function forgotten(reader: Reader, devbox: string): Promise<{worker: string; box: string}> {
  const [agent] = up.processes(/agent\.js/);
  const worker = async () => (await up.api.workers())[0]!;
  process.kill(agent!.pid, 'SIGSTOP');
  try {
    await waitUntil(worker, ({presence}) => presence !== 'online', {within: 30_000, what: 'the worker is away'});
    await reader.ok('devboxesRemove', {at: {devbox}, body: {forget: true}});
  } finally {
    process.kill(agent!.pid, 'SIGCONT');
  }
  const {id, orphans} = await waitUntil(worker, found => found.orphans.length > 0, {within: 30_000, what: 'the box is offered'});
  await reader.ok('workersList');
  return {worker: id, box: orphans[0]!.name};
}

/** The process engine has no images. */
async function ofSnapshots(reader: Reader, engine: string): Promise<void> {
  const at = {devbox: 'contained'};
  const body = {name: at.devbox, engine, image: baseImage};
  const {job} = await reader.ok<{job: {id: string}}>('devboxesCreate', {body});
  await up.ended(job.id);
  const {id} = await reader.ok<{id: string}>('devboxesSnapshot', {at, body: {name: 'described'}});
  const {image} = await up.ended(id);
  await reader.ok('imagesList');
  await reader.ok('devboxesRemove', {at, body: {now: true}});
  await run([engine, 'rmi', '-f', image!.ref]);
}

async function ofImages(reader: Reader): Promise<void> {
  await reader.ok('imagesList');
  await reader.ok('imagesCheck', {query: '?ref=localhost/nothing:1'});
  const ref = 'localhost/nothing:1';
  const context = await reader.ok<object>('uploads', {
    raw: await tarOf('Dockerfile'),
    headers: {'content-type': 'application/octet-stream'},
  });
  for (const [name, body] of [
    ['imagesPull', {ref}],
    ['imagesRemove', {ref}],
    ['imagesBuild', {ref, context}],
  ] as const) {
    const {id} = await reader.ok<{id: string}>(name, {body});
    await reader.ask('jobsCancel', {at: {job: id}, body: {}});
  }
}

async function ofAccess(reader: Reader): Promise<void> {
  const token = await reader.ok<{id: string; token: string}>('tokensCreate', {
    body: {name: 'reader', access: 'viewer', expiresInMs: 60_000},
  });
  expect((await reader.ask('jobsCreate', {token: token.token, body: {command: ['true']}})).status).toBe(403);
  await reader.ok('tokensList');
  await reader.ok('tokensRevoke', {at: {token: token.id}});
  await reader.ok('secretsSet', {at: {secret: 'of-mine'}, body: {value: 'value-of-mine'}});
  await reader.ok('secretsList');
  await reader.ok('secretsRemove', {at: {secret: 'of-mine'}});
  const {tenant} = await reader.ok<{tenant: {id: string}}>('whoami');
  await reader.ok('tenantsList');
  await reader.ok('tenantsShow', {at: {tenant: tenant.id}});
  await reader.ok('tenantsCreate', {body: {name: 'others', plan: 'pro'}});
  await reader.ok('tenantsSet', {at: {tenant: tenant.id}, body: {limits: {sessions: 50}}});
}

async function ofWorkers(reader: Reader): Promise<void> {
  const [mine] = await up.api.workers();
  const at = {worker: mine!.name};
  await reader.ok('workersList');
  await reader.ok('workersShow', {at});
  await reader.ok('pluginsList');
  await reader.ok('workersLabel', {at, body: {set: {room: 'attic'}}});
  for (const name of ['workersCordon', 'workersDrain']) for (const on of [true, false]) await reader.ok(name, {at, body: {on}});
  await reader.ok('workersReadmit', {body: {}});
  const invitation = await reader.ok<{id: string; line: string}>('invitationsCreate', {body: {name: 'nas', labels: {a: 'b'}}});
  const unused = await reader.ok<{id: string}>('invitationsCreate', {body: {}});
  await reader.ok('invitationsRemove', {at: {invitation: unused.id}});
  const secret = invitation.line.split('_').at(-1);
  const joined = await reader.ok<{worker: string; credential: string}>('invitationsRedeem', {
    body: {secret, machine: 'm'.repeat(32), name: 'nas'},
  });
  await reader.ok('invitationsList');
  expect((await reader.ask('agents', {token: joined.credential})).status).toBe(101);
  await reader.ok('workersShow', {at: {worker: joined.worker}});
  await reader.ok('workersRemove', {at: {worker: joined.worker}});
}

/** The stream of events has no end: its head is what is described. */
function heads(reader: Reader, name: string, path: string): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  const asked = get(new URL(path, up.api.url), {headers: {authorization: `Bearer ${up.api.token}`}}, back => {
    asked.destroy();
    reader.hold(name, {status: back.statusCode ?? 0, headers: back.headers, body: undefined, bytes: Buffer.alloc(0)});
    resolve();
  });
  asked.once('error', reject);
  return promise;
}

const isTar = (name: string): boolean => name === 'devboxesFilesPut' || name === 'foldersPut';

/** A port of this machine, which is what a box of the process engine has too. */
async function listener(): Promise<{readonly port: number; close(): void}> {
  const server = createServer(socket => socket.destroy());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {port: (server.address() as AddressInfo).port, close: () => server.close()};
}
