import {expect, test} from 'vitest';
import {parseTicket} from '../../src/config/index.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';

const machine = (name: string) => name.padEnd(32, '0');

async function invited(door: TestDoor, body = {}): Promise<string> {
  const {line} = await door.client().invitationsCreate({body});
  return parseTicket(line!, 'bxi').secret;
}

const redeem = (door: TestDoor, secret: string, of: string, name = 'nas') =>
  door.client('a'.repeat(52)).invitationsRedeem({body: {secret, machine: machine(of), name}});

test('a machine becomes a worker with one line, and asking again burns nothing', async () => {
  await using door = await startTestDoor();
  const secret = await invited(door, {labels: {gpu: 'yes'}});
  const first = await redeem(door, secret, 'one', 'Living Room NAS');
  expect(first).toMatchObject({name: 'living-room-nas', tenant: door.tenant, tenantName: 'local'});
  expect(await redeem(door, secret, 'one')).toEqual(first);
  expect(await codeOf(redeem(door, secret, 'two'))).toBe('INVITATION_USED');
  expect(await door.access.workers.admit(first.credential)).toMatchObject({
    worker: first.worker,
    tenant: door.tenant,
    labels: {gpu: 'yes'},
  });
  expect((await door.client().invitationsList()).items[0]).toMatchObject({usedBy: 'living-room-nas'});
});

test('a used, old, withdrawn or invented invitation is told apart', async () => {
  await using door = await startTestDoor();
  expect(await codeOf(redeem(door, 'b'.repeat(52), 'one'))).toBe('INVITATION_INVALID');
  const old = await invited(door, {expiresInMs: 1});
  expect(await codeOf(redeem(door, old, 'one'))).toBe('INVITATION_EXPIRED');
  const {id, line} = await door.client().invitationsCreate({body: {}});
  await door.client().invitationsRemove({invitation: id});
  expect(await codeOf(redeem(door, parseTicket(line!, 'bxi').secret, 'one'))).toBe('INVITATION_INVALID');
});

test('fifty machines at once at a limit of five make exactly five workers', async () => {
  await using door = await startTestDoor();
  await door.client().tenantsSet({tenant: 'local', body: {limits: {workers: 5}}});
  const secrets = await Promise.all(Array.from({length: 50}, () => invited(door)));
  const by = {now: () => 0};
  const codes = await Promise.all(
    secrets.map((secret, at) => codeOf(door.access.invitations.redeem({secret, machine: machine(`m${at}`), name: 'nas'}, async () => 5))),
  );
  expect(by).toBeDefined();
  expect(codes.filter(code => code === 'none').length).toBe(5);
  expect(new Set(codes)).toEqual(new Set(['none', 'LIMIT_REACHED']));
  const names = (await door.access.workers.admitted(door.tenant)).map(each => each.name);
  expect(names.sort()).toEqual(['nas', 'nas-2', 'nas-3', 'nas-4', 'nas-5']);
});

test('a removed worker is told so for ever, an unknown one is only unknown', async () => {
  await using door = await startTestDoor();
  const secret = await invited(door);
  const {worker, credential} = await redeem(door, secret, 'one');
  await door.access.workers.remove(door.tenant, worker, 'token:anna');
  await expect(door.access.workers.admit(credential)).rejects.toMatchObject({
    code: 'WORKER_FORBIDDEN',
    message: expect.stringContaining('token:anna'),
  });
  expect(await codeOf(redeem(door, secret, 'one'))).toBe('INVITATION_USED');
  expect(await codeOf(door.access.workers.admit('c'.repeat(130)))).toBe('UNAUTHENTICATED');
  expect(await codeOf(door.access.workers.admit(undefined))).toBe('UNAUTHENTICATED');
});

test('a worker of ours that Redis forgot waits, is readmitted under its own id, and strangers are not', async () => {
  await using door = await startTestDoor();
  const {worker, credential} = await redeem(door, await invited(door), 'one');
  const rim = await door.redis.rim();
  await rim.ask(redis => redis.flushall());
  await door.reopen();
  expect(await codeOf(door.access.workers.admit(credential))).toBe('UNAUTHENTICATED');
  const forged = credential.slice(0, -1) + (credential.endsWith('a') ? 'b' : 'a');
  expect(await codeOf(door.access.workers.admit(forged))).toBe('UNAUTHENTICATED');
  expect((await door.client().workersReadmit({body: {}})).items).toEqual([{worker, name: expect.any(String)}]);
  expect(await door.access.workers.admit(credential)).toMatchObject({worker, tenant: door.tenant});
});

test('an address that keeps guessing is slowed down', async () => {
  await using door = await startTestDoor();
  let code = '';
  for (let at = 0; at < 40 && code !== 'TOO_MANY_REQUESTS'; at += 1) code = await codeOf(redeem(door, 'b'.repeat(52), 'one'));
  expect(code).toBe('TOO_MANY_REQUESTS');
});
