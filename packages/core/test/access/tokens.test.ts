import {readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {ensureFirstTenant} from '../../src/access/access.ts';
import {parseTicket} from '../../src/config/index.ts';
import {codeOf, startTestDoor} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';

test('a token is shown once, as a line that works, and stored as nothing that does', async () => {
  await using door = await startTestDoor();
  const made = await door.client().tokensCreate({body: {name: 'ci', access: 'member'}});
  expect(parseTicket(made.token!, 'bxt').addresses).toEqual([`127.0.0.1:${door.port}`]);
  expect(await door.client(made.token).whoami()).toMatchObject({actor: 'token:ci', access: 'member', tenant: {name: 'local'}});
  const {items} = await door.client().tokensList();
  expect(items.every(each => each.token === undefined)).toBe(true);
  const rim = await door.redis.rim();
  const stored = await rim.ask(async redis => Promise.all((await redis.keys('*')).map(key => redis.dump(key).then(String))));
  expect(stored.join()).not.toContain(parseTicket(made.token!, 'bxt').secret);
});

test('a revoked token ends its requests at once and its open streams within five seconds', async () => {
  await using door = await startTestDoor();
  const job = door.services.addJob(door.tenant);
  const made = await door.client().tokensCreate({body: {name: 'ci', access: 'member'}});
  const client = door.client(made.token);
  const attached = codeOf(drain(client.attach({job: job.id})));
  const events = codeOf(drain(client.events()));
  let read = '';
  const followed = (async () => {
    for await (const bytes of client.jobsLogs({job: job.id, query: {follow: 'true'}})) read += String(Buffer.from(bytes));
  })().catch(() => 'broken off');
  door.services.write(job.id, 'stdout', 'before');
  await waitFor(() => door.http.sockets.size === 1 && door.services.events.followers.size === 1 && read === 'before');
  const began = performance.now();
  await door.client().tokensRevoke({token: made.id});
  expect(await codeOf(client.whoami())).toBe('UNAUTHENTICATED');
  door.services.write(job.id, 'stdout', 'after');
  expect([await attached, await events, await followed]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'broken off']);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(read).toBe('before');
  await waitFor(() => door.services.events.followers.size === 0);
});

test('an expired token ends its open streams too, also where another server revoked it', async () => {
  await using door = await startTestDoor({timing: {authCache: 200}});
  const job = door.services.addJob(door.tenant);
  const made = await door.client().tokensCreate({body: {name: 'short', access: 'viewer', expiresInMs: 600}});
  const other = await door.client().tokensCreate({body: {name: 'other', access: 'viewer'}});
  const attached = codeOf(drain(door.client(made.token).attach({job: job.id})));
  const elsewhere = codeOf(drain(door.client(other.token).attach({job: job.id})));
  await waitFor(() => door.http.sockets.size === 2);
  await door.access.tokens.revoke({tenant: door.tenant, actor: 'test'}, other.id);
  expect([await attached, await elsewhere]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
});

test('open streams outlive a Redis that is away', async () => {
  await using door = await startTestDoor({timing: {authCache: 100}});
  const job = door.services.addJob(door.tenant);
  const attached = drain(door.client().attach({job: job.id}));
  await waitFor(() => door.http.sockets.size === 1);
  await door.redis.kill();
  await waitFor(async () => (await codeOf(door.client().whoami())) === 'REDIS_UNAVAILABLE');
  expect(door.http.sockets.size).toBe(1);
  door.services.end(job.id);
  await attached;
});

test('nobody gives out or takes away more than they have, and the last owner stays', async () => {
  await using door = await startTestDoor();
  const admin = door.client(await door.token('admin'));
  expect(await codeOf(admin.tokensCreate({body: {name: 'up', access: 'owner'}}))).toBe('FORBIDDEN');
  expect(await codeOf(admin.tokensRevoke({token: 'local'}))).toBe('FORBIDDEN');
  expect(await codeOf(door.client().tokensRevoke({token: 'local'}))).toBe('CONFLICT');
  await admin.tokensCreate({body: {name: 'same', access: 'admin'}});
  expect(await codeOf(admin.tokensCreate({body: {name: 'same', access: 'viewer'}}))).toBe('NAME_TAKEN');
});

test('the local token is its owner’s alone, and a Redis that lost it gets it back', async () => {
  await using door = await startTestDoor();
  const file = join(door.dir, 'config', 'local-token');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const rim = await door.redis.rim();
  await rim.ask(redis => redis.flushall());
  await ensureFirstTenant(door.access, file);
  expect(readFileSync(file, 'utf8').trim()).toBe(door.line);
  expect(await door.client().whoami()).toMatchObject({access: 'owner', tenant: {id: door.tenant}});
});

test('an owner of the first tenant makes tenants; others change only what is theirs to change', async () => {
  await using door = await startTestDoor();
  const {tenant, token} = await door.client().tenantsCreate({body: {name: 'guests', plan: 'starter'}});
  const guest = door.client(token.token);
  expect(await guest.whoami()).toMatchObject({access: 'owner', tenant: {id: tenant.id, name: 'guests'}});
  expect((await guest.tenantsList()).items.map(each => each.name)).toEqual(['guests']);
  expect(await codeOf(guest.tenantsSet({tenant: 'guests', body: {plan: 'enterprise'}}))).toBe('FORBIDDEN');
  expect(await guest.tenantsSet({tenant: 'guests', body: {minimumProfile: 'offline'}})).toMatchObject({
    minimumProfile: 'offline',
    plan: 'starter',
  });
  const set = await door.client().tenantsSet({tenant: 'guests', body: {limits: {devboxes: 7}}});
  expect(set.limits).toEqual({workers: 2, devboxes: 7, folderBytes: 1024 ** 3, sessions: 3, historyDays: 14});
  const limits = async (body: object) => (await door.client().tenantsSet({tenant: 'guests', body})).limits;
  expect(await limits({plan: 'pro', limits: {workers: 3}})).toMatchObject({workers: 3, devboxes: 15, historyDays: 90});
  expect(await limits({plan: 'starter'})).toMatchObject({workers: 2, devboxes: 5, historyDays: 14});
  expect(await codeOf(guest.tenantsShow({tenant: 'local'}))).toBe(await codeOf(guest.tenantsShow({tenant: 'nowhere'})));
});

test('only the tenant of this machine begins open; what others run keeps to standard until their owner says otherwise', async () => {
  await using door = await startTestDoor();
  const {tenant, token} = await door.client().tenantsCreate({body: {name: 'guests'}});
  expect(tenant).toMatchObject({minimumProfile: 'standard', defaultProfile: 'standard'});
  expect(await door.client(token.token).tenantsShow({tenant: 'guests'})).toMatchObject({minimumProfile: 'standard'});
  expect(await door.client().tenantsShow({tenant: 'local'})).toMatchObject({minimumProfile: 'open'});
});

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _item of items) continue;
}
