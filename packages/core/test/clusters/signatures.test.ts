import {createHmac, randomBytes} from 'node:crypto';
import {request} from 'node:http';
import {text} from 'node:stream/consumers';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {RoleDocument} from '../../src/api/index.ts';
import {signedId} from '../../src/clusters/rules-signature.ts';
import {startTestCore} from '../core-for-tests.ts';
import {startTestDoor} from '../door-for-tests.ts';
import {memoryServices} from '../memory-services.ts';
import {startTestRedis, type TestRedis} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

type Lines = readonly (readonly [name: string, value: string])[];

/** By hand, from the public specification. */
const standard = (secret: string, body: string, {id = 'msg_1', seconds = 0}: {id?: string; seconds?: number} = {}): Lines => [
  ['webhook-id', id],
  ['webhook-timestamp', String(seconds)],
  [
    'webhook-signature',
    `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update(`${id}.${seconds}.${body}`)
      .digest('base64')}`,
  ],
];
const github = (secret: string, body: string, delivery = 'd-1'): Lines => [
  ['X-GitHub-Delivery', delivery],
  ['X-Hub-Signature-256', `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`],
];
const changed = (lines: Lines, name: string, value: (before: string) => string): Lines =>
  lines.map(([each, before]) => [each, each.toLowerCase() === name ? value(before) : before]);

const body = '{"prompt": "Mend it.",  "umlaut":"ü"}';

/** A door before a real core, with a cluster whose role takes signatures. */
async function start(more: Partial<RoleDocument> = {}) {
  const rim = await redis.rim();
  const core = await startTestCore({rim});
  const {clusters, jobs} = core.core.services;
  const door = await startTestDoor({services: {...memoryServices(), clusters}});
  const role = {name: 'builder', command: ['make'], maxConcurrency: 100, ...more};
  const {cluster} = await clusters.apply(core.caller, {name: 'team', roles: [role, {...role, name: 'other'}]}, false);
  const {secret, path} = await clusters.rotateWebhook(core.caller, 'team', 'builder', {});
  const send = async (lines: Lines, {to = path, bytes = body}: {to?: string; bytes?: string} = {}) => {
    const {promise, resolve, reject} = Promise.withResolvers<{status: number; text: string; job?: string}>();
    const headers = [
      ['host', `127.0.0.1:${door.port}`],
      ['content-type', 'application/json'],
      ['content-length', String(Buffer.byteLength(bytes))],
      ...lines,
    ];
    const sent = request(
      {port: door.port, host: '127.0.0.1', method: 'POST', path: to, agent: false, headers: headers.flat()},
      response => {
        const said = text(response).then(all => ({status: response.statusCode ?? 0, text: all, ...(JSON.parse(all) as {job?: string})}));
        said.then(resolve, reject);
      },
    );
    sent.once('error', reject);
    sent.end(bytes);
    return promise;
  };
  const seconds = (off = 0) => Math.floor(rim.clock.now() / 1_000) + off;
  const runs = async () => (await jobs.list(core.caller.tenant, {role: cluster!.roles[0]!.id, limit: 100})).items;
  const dispose = async () => {
    await door[Symbol.asyncDispose]();
    await core[Symbol.asyncDispose]();
  };
  return {rim, core, door, clusters, cluster: cluster!, secret, path, send, seconds, runs, [Symbol.asyncDispose]: dispose};
}

test('senders of Standard Webhooks and GitHub start a run without a token, and the run says so', async () => {
  await using each = await start();
  const {send, secret, seconds, runs, core, clusters} = each;
  const first = await send(standard(secret, body, {seconds: seconds()}));
  expect(first.status, first.text).toBe(200);
  const second = await send(github(secret, body));
  expect(second.status, second.text).toBe(200);
  const [newer, older] = await runs();
  expect(new Set([older!.id, newer!.id])).toEqual(new Set([first.job, second.job]));
  expect(older).toMatchObject({actor: 'trigger:team', origin: {trigger: {type: 'webhook', signed: true}}});
  const {records} = await clusters.showRun(core.caller.tenant, 'team', first.job!);
  expect(records[0]).toMatchObject({userPrompt: 'Mend it.', trigger: {type: 'webhook', signed: true}});
  expect(each.door.faults).toEqual([]);
});

test('a signature holds in whatever case its header came, beside others, and up to five minutes away', async () => {
  await using each = await start();
  const {send, secret, seconds} = each;
  const status = async (lines: Lines) => (await send(lines)).status;
  const upper = (lines: Lines): Lines => lines.map(([name, value]) => [name.toUpperCase(), value]);
  expect(await status(upper(standard(secret, body, {id: 'a', seconds: seconds()})))).toBe(200);
  expect(
    await status(upper(changed(github(secret, body, 'a'), 'x-hub-signature-256', text => `sha256=${text.slice(7).toUpperCase()}`))),
  ).toBe(200);
  const others = `v1,${randomBytes(32).toString('base64')} v1a,c2ln`;
  const beside = standard(secret, body, {id: 'b', seconds: seconds(-290)});
  expect(await status(changed(beside, 'webhook-signature', text => `${others} ${text}`))).toBe(200);
  expect(await status(standard(secret, body, {id: 'c', seconds: seconds(295)}))).toBe(200);
  expect(each.door.faults).toEqual([]);
});

test('whatever else comes is 401 in the same words, starts nothing, and the server goes on', async () => {
  await using each = await start();
  const {send, secret, seconds, cluster, path, runs} = each;
  const ours = (more: {id?: string; seconds?: number} = {}) => standard(secret, body, {seconds: seconds(), ...more});
  const theirs = github(secret, body);
  const signature = (value: (before: string) => string) => changed(ours(), 'webhook-signature', value);
  const hub = (value: (before: string) => string) => changed(theirs, 'x-hub-signature-256', value);
  const noOne = `/api/cluster/c-${'a'.repeat(26)}/role/${cluster.roles[0]!.id}/webhook`;
  const again = JSON.stringify(JSON.parse(body));
  const cases: Readonly<Record<string, Parameters<typeof send>>> = {
    nothing: [[]],
    'an empty one': [signature(() => '')],
    'a short one': [signature(() => 'v1,AAAA')],
    'a long one': [signature(before => `${before}AAAA`)],
    'no base64': [signature(() => 'v1,"); drop')],
    'another version': [signature(before => before.replace('v1', 'v2'))],
    'another secret': [standard(`whsec_${randomBytes(32).toString('base64')}`, body, {seconds: seconds()})],
    'another id': [changed(ours(), 'webhook-id', () => 'msg_2')],
    'no id': [ours().slice(1)],
    'an id with spaces': [standard(secret, body, {id: 'a b', seconds: seconds()})],
    'another time': [changed(ours(), 'webhook-timestamp', before => String(Number(before) + 1))],
    'no number for a time': [changed(ours(), 'webhook-timestamp', () => 'now')],
    'from 301 s ago': [ours({seconds: seconds(-301)})],
    'from 302 s ahead': [ours({seconds: seconds(302)})],
    'the id twice': [[...ours(), ['webhook-id', 'msg_1']]],
    'the time twice': [[...ours(), ['Webhook-Timestamp', String(seconds())]]],
    'the signature twice': [[...ours(), ours()[2]!]],
    'a body written anew': [ours(), {bytes: again}],
    'a body that is no JSON, wrongly signed': [ours(), {bytes: '{'}],
    'no body': [ours(), {bytes: ''}],
    'GitHub: an empty one': [hub(() => '')],
    'GitHub: half of one': [hub(before => before.slice(0, 39))],
    'GitHub: no hex': [hub(() => `sha256=${'z'.repeat(64)}`)],
    'GitHub: sha1': [hub(before => before.replace('256', '1'))],
    'GitHub: twice': [[...theirs, theirs[1]!]],
    'GitHub: another secret': [github('whsec_other', body)],
    'GitHub: the bytes of the secret': [github(Buffer.from(secret.slice(6), 'base64').toString('latin1'), body)],
    'GitHub: a body written anew': [theirs, {bytes: again}],
    'GitHub beside a wrong one': [[...signature(() => 'v1,AAAA'), ...theirs]],
    'a cluster by its name': [ours(), {to: '/api/cluster/team/role/builder/webhook'}],
    'a cluster that is not there': [ours(), {to: noOne}],
    'a role that is not there': [ours(), {to: path.replace(/r-[a-z2-7]{26}/, 'nobody')}],
    'a role without a secret': [ours(), {to: path.replace(/r-[a-z2-7]{26}/, 'other')}],
    'odd characters for a cluster': [ours(), {to: '/api/cluster/a%0a%00%22/role/%7b%7d/webhook'}],
  };
  const answers = new Set<string>();
  const seen: Record<string, number> = {};
  for (const [name, asked] of Object.entries(cases)) {
    const {status, text} = await send(...asked);
    seen[name] = status;
    answers.add(text);
  }
  expect(seen).toEqual(Object.fromEntries(Object.keys(cases).map(name => [name, 401])));
  expect(answers.size).toBe(1);
  expect(await runs()).toEqual([]);
  // Who signed it is told what is wrong with it.
  expect((await send(standard(secret, '{', {seconds: seconds()}), {bytes: '{'})).status).toBe(400);
  expect((await send(ours())).status).toBe(200);
  expect(each.door.faults).toEqual([]);
});

test('a header of a megabyte is refused, by the door and by the check itself', async () => {
  await using each = await start();
  const {send, secret, seconds} = each;
  const huge = 'A'.repeat(1_000_000);
  const lines = changed(standard(secret, body, {seconds: seconds()}), 'webhook-signature', () => `v1,${huge}`);
  const refused = await send(lines).then(
    ({status}) => status,
    () => 'reset',
  );
  expect([400, 401, 431, 'reset']).toContain(refused);
  expect((await send(standard(secret, body, {seconds: seconds()}))).status).toBe(200);
  const bytes = Buffer.from(body);
  for (const headers of [{'webhook-id': ['a'], 'webhook-timestamp': ['0'], 'webhook-signature': [huge]}, {'x-hub-signature-256': [huge]}])
    expect(signedId({headers, bytes}, [secret], 0)).toBeUndefined();
});

test('what comes again within the window is answered as it was, and runs once, also where no more runs may go on', async () => {
  await using each = await start({maxConcurrency: 1});
  const {send, secret, seconds, runs, clusters, core} = each;
  const lines = standard(secret, body, {seconds: seconds()});
  const first = await send(lines);
  expect(first.status).toBe(200);
  expect(await send(lines)).toEqual(first);
  expect(await send(standard(secret, body, {seconds: seconds(1)}))).toEqual(first);
  const tried = '{"attempt":2}';
  expect(await send(standard(secret, tried, {seconds: seconds()}), {bytes: tried})).toEqual(first);
  expect((await send(standard(secret, body, {id: 'msg_2', seconds: seconds()}))).status).toBe(429);
  expect((await runs()).length).toBe(1);
  await clusters.stop(core.caller, 'team');
  // The same id by another kind of sender is another message.
  const delivered = await send(github(secret, body, 'msg_1'));
  expect(delivered.status).toBe(200);
  expect(delivered.job).not.toBe(first.job);
  expect(await send(github(secret, body, 'msg_1'))).toEqual(delivered);
  await clusters.stop(core.caller, 'team');
  const unnamed = github(secret, body).slice(1);
  const bare = await send(unnamed);
  expect(bare.status).toBe(200);
  expect(await send(unnamed)).toEqual(bare);
  expect((await runs()).length).toBe(3);
});

test('a token has the say where both come', async () => {
  await using each = await start();
  const {send, secret, core, door} = each;
  const bearer = (token: string): Lines => [['authorization', `Bearer ${token}`]];
  const member = await door.token('member', core.caller.tenant);
  const run = await send([...bearer(member), ...github('wrong', body)], {to: '/api/cluster/team/role/builder/webhook'});
  expect(run.status).toBe(200);
  expect((await each.runs())[0]!.origin?.trigger).toEqual({type: 'webhook'});
  expect((await send([...bearer('a'.repeat(52)), ...github(secret, body)])).status).toBe(401);
});

test('two secrets count during a change, none after they are taken away, and they are sealed where they lie: what cannot be opened signs nothing and is set anew', async () => {
  await using each = await start();
  const {send, secret: first, clusters, core, rim, cluster} = each;
  let deliveries = 0;
  const status = async (secret: string) => (await send(github(secret, body, `d-${(deliveries += 1)}`))).status;
  const rotate = async (keepMs?: number) =>
    (await clusters.rotateWebhook(core.caller, 'team', 'builder', keepMs === undefined ? {} : {keepMs})).secret;
  const second = await rotate();
  expect([await status(first), await status(second)]).toEqual([200, 200]);
  const third = await rotate();
  expect([await status(first), await status(second), await status(third)]).toEqual([401, 200, 200]);
  const fourth = await rotate(0);
  expect([await status(third), await status(fourth)]).toEqual([401, 200]);
  const shown = await clusters.webhook(core.caller.tenant, 'team', 'builder');
  expect(shown.secrets.length).toBe(1);
  const key = rim.keys.roleSecrets(cluster.roles[0]!.id);
  const kept = await rim.ask(redis => redis.get(key));
  for (const text of [JSON.stringify(shown), kept ?? 'nothing']) expect(text).not.toContain(fourth.slice(6));
  // Moved to another role it opens nothing.
  await rim.ask(redis => redis.set(rim.keys.roleSecrets(cluster.roles[1]!.id), kept!));
  expect((await send(github(fourth, body), {to: each.path.replace(/r-[a-z2-7]{26}/, 'other')})).status).toBe(401);
  await expect(clusters.webhook(core.caller.tenant, 'team', 'other')).rejects.toMatchObject({code: 'CONFIG_INVALID'});
  const {secret: fifth, path} = await clusters.rotateWebhook(core.caller, 'team', 'other', {});
  expect((await send(github(fifth, body), {to: path})).status).toBe(200);
  await clusters.unsignWebhook(core.caller, 'team', 'builder');
  await clusters.unsignWebhook(core.caller, 'team', 'builder');
  expect(await status(fourth)).toBe(401);
  expect(await rim.ask(redis => redis.exists(key))).toBe(0);
});

test('secrets stay with a role that changes, and go with it and with its cluster', async () => {
  await using each = await start();
  const {send, secret, clusters, core, rim, cluster} = each;
  const [builder, other] = cluster.roles.map(role => rim.keys.roleSecrets(role.id));
  await clusters.rotateWebhook(core.caller, 'team', 'other', {});
  await clusters.putRole(core.caller, 'team', 'builder', {name: 'builder', command: ['true']});
  expect((await send(github(secret, body))).status).toBe(200);
  await clusters.removeRole(core.caller, 'team', 'builder');
  expect(await rim.ask(redis => redis.exists(builder!))).toBe(0);
  expect((await send(github(secret, body, 'd-2'))).status).toBe(401);
  expect(await rim.ask(redis => redis.exists(other!))).toBe(1);
  await clusters.remove(core.caller, 'team');
  expect(await rim.ask(redis => redis.exists(other!))).toBe(0);
});

test('a role that wants no webhook, or a disabled cluster, says so to whoever signed', async () => {
  await using each = await start({triggers: {webhook: false}});
  const {send, secret, clusters, core} = each;
  expect((await send(github(secret, body))).status).toBe(403);
  await clusters.putRole(core.caller, 'team', 'builder', {name: 'builder', command: ['true']});
  await clusters.update(core.caller, 'team', {enabled: false});
  expect((await send(github(secret, body))).status).toBe(403);
});
