import {expect, test} from 'vitest';
import {codeOf} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';
import {ok, signaturesOf, startReceiver, status} from './receiver.ts';
import {startReportingServer} from './server-for-tests.ts';

test('what happens is told to whoever asked for it, in order, with signatures anybody can check', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver();
  const made = await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, events: ['secret.*']}});
  for (const name of ['a', 'b', 'c']) await at.happen(name);
  await waitFor(() => receiver.got.length === 3);
  expect(receiver.got.map(({event}) => [event.type, event.subject])).toEqual([
    ['secret.set', 'secrets/a'],
    ['secret.set', 'secrets/b'],
    ['secret.set', 'secrets/c'],
  ]);
  for (const each of receiver.got) {
    expect(each.id).toBe(each.event.id);
    expect(each.signature).toBe(signaturesOf(each, made.secret!));
    expect(Math.abs(Date.now() / 1_000 - Number(each.timestamp))).toBeLessThan(60);
  }
  const shown = await waitFor(async () => {
    const view = await at.client.webhooksShow({webhook: 'chat'});
    return view.delivered === 3 && view.behind === 0 ? view : undefined;
  });
  expect(shown).toMatchObject({state: 'active', deadLetters: 0, tries: 0});
});

test('what was not taken is sent again with the same id until it is, and nothing overtakes it', async () => {
  await using at = await startReportingServer();
  await using receiver = await startReceiver(status(503));
  await at.client.webhooksCreate({body: {name: 'chat', url: receiver.url, events: ['secret.set']}});
  for (const name of ['a', 'b']) await at.happen(name);
  await waitFor(() => receiver.got.length >= 3);
  expect(new Set(receiver.got.map(({id}) => id)).size).toBe(1);
  expect((await at.client.webhooksShow({webhook: 'chat'})).state).toBe('failing');
  receiver.answer = ok;
  await waitFor(() => receiver.got.at(-1)?.event.subject === 'secrets/b');
  const subjects = receiver.got.map(({event}) => event.subject);
  expect(subjects).toEqual(subjects.toSorted());
  const {items} = await at.client.webhooksDeliveries({webhook: 'chat'});
  expect(items.some(({outcome, why}) => outcome === 'failed' && why === 'it answered 503')).toBe(true);
});

test('bad input says what is wrong, and nothing is stored', async () => {
  await using at = await startReportingServer({allow: []});
  const create = (body: object) => codeOf(at.client.webhooksCreate({body: body as never}));
  const wrong = [
    {name: 'x'},
    {name: 'X', url: 'https://example.com'},
    {name: 'x', url: 'ftp://example.com'},
    {name: 'x', url: 'https://user:secret@example.com/'},
    {name: 'x', url: 'https://10.0.0.1/'},
    {name: 'x', url: 'https://example.com:8443/'},
    {name: 'x', url: 'https://example.com', events: ['job ended']},
    {name: 'x', url: 'https://example.com', secret: 'whsec_short'},
    {name: 'x', url: 'https://example.com', config: {}},
    {name: 'x', reporter: 'log', url: 'https://example.com'},
    {name: 'x', reporter: 'log', config: {maxBytes: 'many'}},
    {name: 'x', reporter: 'nothing'},
  ];
  for (const body of wrong) expect([body, await create(body)]).toEqual([body, 'INVALID_INPUT']);
  expect((await at.client.webhooksList()).items).toEqual([]);
  await at.client.webhooksCreate({body: {name: 'x', url: 'https://example.com/'}});
  expect(await create({name: 'x', url: 'https://example.com/'})).toBe('NAME_TAKEN');
});
