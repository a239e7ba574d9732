import {expect, test} from 'vitest';
import {codeOf, startTestDoor} from '../door-for-tests.ts';

test('who changed what about access is a fact with an actor, in the same step, and holds no secret', async () => {
  await using door = await startTestDoor();
  const client = door.client();
  const token = await client.tokensCreate({body: {name: 'ci', access: 'member'}});
  await client.tokensRevoke({token: 'ci'});
  await client.secretsSet({secret: 'npm', body: {value: 'canary-value'}});
  await client.secretsRemove({secret: 'npm'});
  const invitation = await client.invitationsCreate({body: {name: 'nas'}});
  await client.invitationsRemove({invitation: invitation.id});
  const {tenant} = await client.tenantsCreate({body: {name: 'guests'}});
  await client.tenantsSet({tenant: 'guests', body: {plan: 'pro'}});
  expect(await codeOf(client.tokensCreate({body: {name: 'local', access: 'member'}}))).toBe('NAME_TAKEN');
  expect(await codeOf(client.secretsRemove({secret: 'npm'}))).toBe('NOT_FOUND');
  const rim = await door.redis.rim('test');
  const rows = async (of: string) => {
    const found = await rim.ask(redis => redis.xrange(rim.keys.events(of), '-', '+'));
    return found.map(([, fields]) => JSON.parse(fields[1]!) as {type: string; actor: string; subject: string; data: object});
  };
  const own = await rows(door.tenant);
  expect(own.map(({type, actor}) => `${type} by ${actor}`)).toEqual([
    'tenant.created by server',
    'token.created by server',
    'token.created by token:local',
    'token.revoked by token:local',
    'secret.set by token:local',
    'secret.removed by token:local',
    'invitation.created by token:local',
    'invitation.removed by token:local',
  ]);
  const others = await rows(tenant.id);
  expect(others.map(each => each.type)).toEqual(['tenant.created', 'token.created', 'tenant.changed']);
  const text = JSON.stringify([own, others]);
  for (const secret of ['canary-value', token.token!.split('_').at(-1)!, invitation.line!.split('_').at(-1)!])
    expect(text).not.toContain(secret);
});
