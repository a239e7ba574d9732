import {request} from 'node:http';
import {expect, test} from 'vitest';
import {routes, type RouteName} from '../../src/api/index.ts';
import {startTestDoor, type TestDoor} from '../door-for-tests.ts';
import {callers, matrix, type Caller} from './matrix-table.ts';

/** Path parameters: an object of the first tenant where there is one to be had, else a name of nothing. */
function pathOf(name: RouteName, job: string, tenant: string): string {
  return routes[name].path.replace(':job', job).replace(':tenant', tenant).replace(/:\w+/g, 'nothing');
}

const bodies: Partial<Record<RouteName, object>> = {
  jobsCreate: {command: ['true']},
  devboxesCreate: {name: 'web'},
  devboxesSnapshot: {name: 'web'},
  devboxesExec: {command: ['true']},
  devboxesAdopt: {worker: 'w', box: 'b', name: 'n'},
  jobsReport: {progress: {done: 1}},
  clustersApply: {document: {name: 'team', roles: []}, dryRun: true},
  rolesCreate: {name: 'builder'},
  rolesUpdate: {name: 'builder'},
  imagesPull: {ref: 'debian:12'},
  imagesRemove: {ref: 'debian:12'},
  imagesBuild: {ref: 'mine:1', context: {blob: 'u-1', bytes: 1}},
  workersLabel: {set: {}},
  workersCordon: {on: true},
  workersDrain: {on: true},
  invitationsRedeem: {secret: 'a'.repeat(52), machine: 'm'.repeat(32), name: 'nas'},
  secretsSet: {value: 'v'},
};

const queries: Partial<Record<RouteName, string>> = {
  imagesCheck: '?ref=debian:12',
  devboxesFilesStat: '?path=/workspace',
  devboxesFilesGet: '?path=/workspace',
  devboxesFilesPut: '?path=/workspace',
  foldersPut: '?path=shared/plans',
  foldersRemove: '?path=shared/plans',
  jobsTerminal: `?viewer=${'v'.repeat(24)}&columns=80&rows=24`,
};

async function statusOf(door: TestDoor, name: RouteName, token: string | undefined, job: string): Promise<number> {
  const {method} = routes[name];
  const isSocket = method === 'WS';
  const body = name === 'uploads' ? 'bytes' : JSON.stringify(named(name, token));
  const type =
    name === 'uploads'
      ? 'application/octet-stream'
      : name === 'devboxesFilesPut' || name === 'foldersPut'
        ? 'application/x-tar'
        : 'application/json';
  const headers = {
    ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
    ...(isSocket
      ? {connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg=='}
      : {}),
    ...(isSocket || method === 'GET' || method === 'DELETE' ? {} : {'content-type': type, 'content-length': body.length}),
  };
  const query = queries[name] ?? '';
  const {promise, resolve, reject} = Promise.withResolvers<number>();
  const options = {
    port: door.port,
    host: '127.0.0.1',
    method: isSocket ? 'GET' : method,
    path: pathOf(name, job, door.tenant) + query,
    headers,
  };
  const sent = request(options, response => {
    response.destroy();
    resolve(response.statusCode ?? 0);
  });
  sent.once('upgrade', (_response, socket) => {
    socket.destroy();
    resolve(101);
  });
  sent.once('error', reject);
  sent.end('content-type' in headers ? body : undefined);
  return promise;
}

/** A name of its own for whatever is made, so that one caller's object is not in the next one's way. */
function named(name: RouteName, token: string | undefined): object {
  const fresh = `n${token?.slice(0, 12) ?? ''}`;
  if (name === 'tokensCreate') return {name: fresh, access: 'viewer'};
  if (name === 'tenantsCreate') return {name: fresh};
  return bodies[name] ?? {};
}

async function tokensOf(door: TestDoor): Promise<Record<Caller, string | undefined>> {
  const other = await door.access.tenants.create('other', 'enterprise', 'test');
  const {secret} = await door.access.invitations.create({tenant: door.tenant, actor: 'test', access: 'owner'}, {}, ['127.0.0.1:1']);
  const request = {secret, machine: 'm'.repeat(32), name: 'nas'};
  const worker = await door.access.invitations.redeem(request, async () => -1);
  const [owner, admin, member, viewer] = await Promise.all((['owner', 'admin', 'member', 'viewer'] as const).map(each => door.token(each)));
  return {owner, admin, member, viewer, foreign: await door.token('owner', other.id), worker: worker.credential, none: undefined};
}

test('every route answers every kind of caller as the table says, and no route is missing from it', {timeout: 90_000}, async () => {
  await using door = await startTestDoor();
  const tokens = await tokensOf(door);
  const job = door.services.addJob(door.tenant);
  door.services.end(job.id);
  expect(Object.keys(matrix).sort()).toEqual(Object.keys(routes).sort());
  const seen: Record<string, string> = {};
  for (const name of Object.keys(routes) as RouteName[]) {
    const row = [];
    for (const caller of callers) row.push(await statusOf(door, name, tokens[caller], job.id));
    seen[name] = row.join(' ');
  }
  expect(seen).toEqual(matrix);
  expect(door.faults).toEqual([]);
});
