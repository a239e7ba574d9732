import {expect, test} from 'vitest';
import {codeOf} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';
import {ok, signaturesOf, startReceiver, status, type Received} from './receiver.ts';
import {startReportingServer} from './server-for-tests.ts';

const subjectsOf = (got: readonly Received[]) => got.map(({event}) => event.subject.replace('secrets/', ''));
const only = {events: ['secret.set']};

test('one event that is refused for too long while the next is taken goes to the dead letters, and can be sent again', async () => {
  await using at = await startReportingServer({timing: {reportEvent: 150}});
  await using receiver = await startReceiver();
  receiver.answer = (response, {event}) => (event.subject === 'secrets/b' ? status(422) : ok)(response, event as never, undefined as never);
  await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  for (const name of ['a', 'b', 'c', 'd']) await at.happen(name);
  await waitFor(() => subjectsOf(receiver.got).includes('d'));
  const {items} = await at.client.webhooksDeadLetters({webhook: 'chat'});
  expect(items).toMatchObject([{subject: 'secrets/b', why: 'it answered 422', type: 'secret.set'}]);
  expect(subjectsOf(receiver.got).filter(each => each !== 'b')).toEqual(['a', 'c', 'd']);
  receiver.answer = ok;
  expect(await at.client.webhooksRedeliver({webhook: 'chat', body: {deadLetters: true}})).toEqual({queued: 1});
  await waitFor(async () => (await at.client.webhooksShow({webhook: 'chat'})).deadLetters === 0);
  expect(receiver.got.at(-1)?.id).toBe(items[0]!.event);
});

test('an endpoint that takes nothing for too long is disabled, its place kept, and goes on there', async () => {
  await using at = await startReportingServer({timing: {reportEvent: 100, reportEndpoint: 400}});
  await using receiver = await startReceiver(status(500));
  await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  for (const name of ['a', 'b']) await at.happen(name);
  const off = await waitFor(async () => {
    const view = await at.client.webhooksShow({webhook: 'chat'});
    return view.state === 'disabled' ? view : undefined;
  });
  expect(off).toMatchObject({reason: expect.stringContaining('it answered 500'), deadLetters: 0});
  const sent = receiver.got.length;
  await at.happen('c');
  receiver.answer = ok;
  expect((await at.client.webhooksTest({webhook: 'chat'})).outcome).toBe('delivered');
  expect(receiver.got.length).toBe(sent + 1);
  await at.client.webhooksEnable({webhook: 'chat', body: {}});
  await waitFor(() => subjectsOf(receiver.got).includes('c'));
  expect(subjectsOf(receiver.got.slice(sent + 1))).toEqual(['a', 'b', 'c']);
});

test('who is gone (410) is disabled at once, and may go on from now on', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver(status(410));
  await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  await at.happen('a');
  await waitFor(async () => (await at.client.webhooksShow({webhook: 'chat'})).state === 'disabled');
  await at.happen('b');
  receiver.answer = ok;
  await at.client.webhooksEnable({webhook: 'chat', body: {skip: true}});
  await at.happen('c');
  await waitFor(() => subjectsOf(receiver.got).includes('c'));
  expect(subjectsOf(receiver.got)).toEqual(['a', 'c']);
});

test('a dead receiver delays no other, and a disabled one is sent nothing', async () => {
  await using at = await startReportingServer();
  await using dead = await startReceiver(() => undefined);
  await using rests = await startReceiver();
  await using good = await startReceiver();
  for (let n = 0; n < 20; n += 1) await at.client.webhooksCreate({body: {name: `dead-${n}`, url: dead.url, ...only}});
  await at.client.webhooksCreate({body: {name: 'rests', url: rests.url, ...only}});
  expect((await at.client.webhooksDisable({webhook: 'rests'})).state).toBe('disabled');
  await at.client.webhooksCreate({body: {name: 'good', url: good.url, ...only}});
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) await at.happen();
  await waitFor(() => good.got.length === 20);
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(rests.got).toEqual([]);
});

test('during a change of secrets both sign, and afterwards the new one alone', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver();
  const {secret: old} = await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  const {secret: next} = await at.client.webhooksRotate({webhook: 'chat', body: {keepMs: 60_000}});
  await at.client.webhooksTest({webhook: 'chat'});
  const both = receiver.got.at(-1)!;
  expect(both.signature).toBe(signaturesOf(both, next!, old!));
  const {secret: last} = await at.client.webhooksRotate({webhook: 'chat', body: {keepMs: 0}});
  await at.client.webhooksTest({webhook: 'chat'});
  const alone = receiver.got.at(-1)!;
  expect(alone.signature).toBe(signaturesOf(alone, last!));
  await at.client.webhooksRotate({webhook: 'chat', body: {keepMs: 1}});
  await at.client.webhooksTest({webhook: 'chat'});
  expect(receiver.got.at(-1)!.signature.split(' ').length).toBe(1);
});

test('secrets and addresses are in no view but the first, in no log, no event, and in Redis only encrypted', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver();
  const canary = 'path-canary';
  const {secret} = await at.client.webhooksCreate({body: {name: 'chat', url: `${receiver.url}/${canary}`}});
  await at.happen('a');
  await waitFor(() => receiver.got.length >= 2);
  await at.client.webhooksUpdate({webhook: 'chat', body: {name: 'talk', url: `${receiver.url}/${canary}/2`}});
  await at.client.webhooksDisable({webhook: 'talk'});
  const key = secret!.slice('whsec_'.length);
  const rim = await at.redis.rim('reports');
  const dump = await rim.ask(async redis => {
    const keys = await redis.keys('*');
    return (await Promise.all(keys.map(each => redis.dumpBuffer(each)))).map(String).join();
  });
  const views = JSON.stringify([await at.client.webhooksList(), await at.client.webhooksDeliveries({webhook: 'talk'})]);
  const bodies = receiver.got.map(({body}) => body).join();
  for (const text of [dump, JSON.stringify(at.logged), bodies]) expect([text.includes(key), text.includes(canary)]).toEqual([false, false]);
  expect(views.includes(key)).toBe(false);
});

test('a removed one leaves nothing, and its name is free', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver();
  const {id} = await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  await at.client.webhooksTest({webhook: 'chat'});
  await at.client.webhooksRemove({webhook: 'chat'});
  expect(await codeOf(at.client.webhooksShow({webhook: 'chat'}))).toBe('NOT_FOUND');
  await at.happen('a');
  await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  await at.happen('b');
  await waitFor(() => receiver.got.length === 2);
  const rim = await at.redis.rim('reports');
  const left = await waitFor(async () => {
    const keys = await rim.ask(redis => redis.keys(`*${id}*`));
    return keys.length === 0;
  });
  expect(left).toBe(true);
});

test('what a person may send again is what was sent, or is still kept', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver();
  await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, ...only}});
  await at.happen('a');
  await waitFor(async () => (await at.client.webhooksDeliveries({webhook: 'chat'})).items.length === 1);
  const [first] = receiver.got as [Received];
  for (const event of [first.id, first.event.seq]) await at.client.webhooksRedeliver({webhook: 'chat', body: {event}});
  await waitFor(() => receiver.got.length === 3);
  expect(new Set(receiver.got.map(({id}) => id))).toEqual(new Set([first.id]));
  expect(await codeOf(at.client.webhooksRedeliver({webhook: 'chat', body: {event: 'e-nothing'}}))).toBe('NOT_FOUND');
});
