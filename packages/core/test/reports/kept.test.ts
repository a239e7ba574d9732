import {expect, test} from 'vitest';
import {createEventStore} from '../../src/events/store.ts';
import {slowestCursor} from '../../src/reports/store-endpoints.ts';
import {createClient} from '../../src/client/index.ts';
import {codeOf} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';
import {ok, startReceiver, status} from './receiver.ts';
import {startReportingServer, type ReportingServer} from './server-for-tests.ts';

const day = 86_400_000;

async function streamOf(at: ReportingServer) {
  const rim = await at.redis.rim('reports');
  const {tenant} = await at.client.whoami();
  const events = createEventStore(rim);
  const length = () => rim.ask(redis => redis.xlen(rim.keys.events(tenant.id)));
  /** As the tidying does it, a week later, with a bound of three; Redis drops whole nodes of a dozen. */
  const trim = async (mostMs = day) => {
    const keepFrom = await slowestCursor(rim, tenant.id, mostMs);
    await events.trim(tenant.id, {olderThan: rim.clock.now() + 7 * day, most: 3, keepFrom});
  };
  return {length, trim};
}

test('no event goes before the slowest enabled webhook had it, unless that takes longer than a day', async () => {
  await using at = await startReportingServer({timing: {reportFirst: 100_000, reportMost: 100_000}});
  await using receiver = await startReceiver(status(503));
  await at.client.webhooksCreate({body: {name: 'slow', url: receiver.url, events: ['secret.set']}});
  for (let n = 0; n < 60; n += 1) await at.happen();
  await waitFor(async () => (await at.client.webhooksShow({webhook: 'slow'})).state === 'failing');
  const {length, trim} = await streamOf(at);
  const {behind} = await at.client.webhooksShow({webhook: 'slow'});
  await trim();
  expect(await length()).toBeGreaterThanOrEqual(behind);
  // What it waits for is older than that: it holds up nothing any more, and is told what it missed.
  await trim(0);
  expect(await length()).toBeLessThan(30);
  receiver.answer = ok;
  await at.client.webhooksEnable({webhook: 'slow', body: {}});
  const view = await waitFor(async () => {
    const found = await at.client.webhooksShow({webhook: 'slow'});
    return found.behind === 0 ? found : undefined;
  });
  expect(view.skipped).toBeGreaterThan(25);
  await at.happen('after');
  await waitFor(() => receiver.got.at(-1)?.event.subject === 'secrets/after');
});

test('one that is disabled holds up nothing', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver();
  await at.client.webhooksCreate({body: {name: 'off', url: receiver.url}});
  await at.client.webhooksDisable({webhook: 'off'});
  for (let n = 0; n < 60; n += 1) await at.happen();
  const {length, trim} = await streamOf(at);
  await trim();
  expect(await length()).toBeLessThan(30);
});

test('another tenant sees neither the webhooks nor the events of this one', async () => {
  await using at = await startReportingServer();
  await using ours = await startReceiver();
  await using theirs = await startReceiver();
  await at.client.webhooksCreate({body: {name: 'chat', url: ours.url, events: ['secret.set']}});
  const {token} = await at.client.tenantsCreate({body: {name: 'other'}});
  const other = createClient({token: token.token!});
  try {
    expect((await other.webhooksList()).items).toEqual([]);
    const mine = (await at.client.webhooksList()).items[0]!;
    for (const webhook of [mine.id, mine.name]) expect(await codeOf(other.webhooksShow({webhook}))).toBe('NOT_FOUND');
    expect(await codeOf(other.webhooksRemove({webhook: mine.id}))).toBe('NOT_FOUND');
    await other.webhooksCreate({body: {name: 'chat', url: theirs.url, events: ['secret.set']}});
    await other.secretsSet({secret: 'theirs', body: {value: 'v'}});
    await at.happen('ours');
    await waitFor(() => ours.got.length > 0 && theirs.got.length > 0);
    expect([ours, theirs].map(({got}) => got.map(({event}) => event.subject))).toEqual([['secrets/ours'], ['secrets/theirs']]);
  } finally {
    other.close();
  }
});

test('a tenant has a bounded number of them', async () => {
  await using at = await startReportingServer();
  const create = (n: number) => at.client.webhooksCreate({body: {name: `n${n}`, url: 'https://example.com/'}});
  for (let n = 0; n < 50; n += 1) await create(n);
  expect(await codeOf(create(50))).toBe('LIMIT_REACHED');
  expect((await at.client.webhooksList()).items.length).toBe(50);
});
