import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect, test} from 'vitest';
import {codeOf} from '../door-for-tests.ts';
import {waitFor} from '../redis-for-tests.ts';
import {startReceiver} from './receiver.ts';
import {startReportingServer} from './server-for-tests.ts';

/** A stranger's: writes the type of each event into a file that its config names, and goes wrong where the config says so. */
const source = `
import {appendFileSync} from 'node:fs';
export default {
  kind: 'reporter', name: 'chat', api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'own', validate: value => typeof value.file === 'string' ? {value} : {issues: [{message: 'needs a file'}]}}},
  create: config => ({async report(event) {
    if (config.exits) process.exit(1);
    if (config.says) return {why: config.says};
    if (config.throws) throw new Error(config.throws);
    appendFileSync(config.file, config.room + ' ' + event.type + '\\n');
    return 'delivered';
  }}),
};
`;

async function withChat() {
  const dir = mkdtempSync(join(tmpdir(), 'bxs-'));
  const module = join(dir, 'chat.mjs');
  writeFileSync(module, source);
  const at = await startReportingServer({more: [{module: pathToFileURL(module).href, config: {room: 'ops'}}]});
  return {
    at,
    file: join(dir, 'told'),
    [Symbol.asyncDispose]: async () => {
      await at[Symbol.asyncDispose]();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

test('a reporter of a stranger is told by the same pump, with the owner’s part of its config', async () => {
  await using chat = await withChat();
  const {client, happen} = chat.at;
  const create = (config: object) =>
    client.webhooksCreate({body: {name: 'c', reporter: 'chat', config: {...config}, events: ['secret.set']}});
  expect(await codeOf(create({}))).toBe('INVALID_INPUT');
  const made = await create({file: chat.file, room: 'mine'});
  expect(made.secret).toBeUndefined();
  await happen();
  await happen();
  await waitFor(async () => (await client.webhooksShow({webhook: 'c'})).delivered === 2);
  expect(readFileSync(chat.file, 'utf8')).toBe('ops secret.set\nops secret.set\n');
  expect(await codeOf(client.webhooksRotate({webhook: 'c', body: {}}))).toBe('CONFLICT');
});

test('one that ends its process costs its own deliveries: it is named, the server lives, and others are told', async () => {
  await using chat = await withChat();
  await using receiver = await startReceiver();
  const {client, happen} = chat.at;
  await client.webhooksCreate({body: {name: 'bad', reporter: 'chat', config: {file: chat.file, exits: true}, events: ['secret.set']}});
  await client.webhooksCreate({body: {name: 'good', url: receiver.url, events: ['secret.set']}});
  await happen();
  await waitFor(() => receiver.got.length === 1);
  const view = await waitFor(async () => {
    const found = await client.webhooksShow({webhook: 'bad'});
    return found.tries >= 2 ? found : undefined;
  });
  expect(view).toMatchObject({state: 'failing', reason: expect.stringMatching(/^Plugin chat failed in report: it ended its thread/)});
  await client.webhooksUpdate({webhook: 'bad', body: {config: {file: chat.file}}});
  await waitFor(async () => (await client.webhooksShow({webhook: 'bad'})).delivered === 1);
});

test('the log is a file of JSON lines on the server', async () => {
  await using at = await startReportingServer();
  const {id} = await at.client.webhooksCreate({body: {name: 'audit', reporter: 'log', events: ['secret.*']}});
  await at.happen('a');
  await at.client.secretsRemove({secret: 'a'});
  await waitFor(async () => (await at.client.webhooksShow({webhook: 'audit'})).delivered === 2);
  const lines = readFileSync(join(at.dir, 'plugins', 'log', id, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(lines.map(line => (JSON.parse(line) as {type: string}).type)).toEqual(['secret.set', 'secret.removed']);
});

test('one that says why not in pages is seen to fail, in one line, and is tried again with longer waits', async () => {
  await using chat = await withChat();
  const {client, happen} = chat.at;
  const pages = `it is\n\r\nclosed${'\n!'.repeat(5_000)}`;
  for (const [name, how] of Object.entries({says: {says: pages}, throws: {throws: pages}}))
    await client.webhooksCreate({body: {name, reporter: 'chat', config: {file: chat.file, ...how}, events: ['secret.set']}});
  await happen();
  for (const webhook of ['says', 'throws']) {
    const view = await waitFor(async () => {
      const found = await client.webhooksShow({webhook});
      return found.tries >= 2 ? found : undefined;
    });
    expect(view).toMatchObject({state: 'failing', reason: expect.stringMatching(/it is closed ! !/)});
  }
});
