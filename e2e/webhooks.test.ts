import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo} from 'node:net';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {waitFor} from '../faults/lab/wait-for.ts';
import {Up} from './up.ts';

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function receiver() {
  const got: Got[] = [];
  const own = {status: 204, of: (_got: Got): number => own.status};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {headers: request.headers, body: Buffer.concat(chunks)};
      got.push(one);
      response.writeHead(own.of(one)).end();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    got,
    own,
    at: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

test('a person adds a webhook, tries it, is told about a job, checks its signature, and takes it away', async () => {
  await using hook = await receiver();
  await using up = await Up.open({BOXYARD_WEBHOOK_ALLOW: hook.at});
  const added = await up.cli(['webhooks', 'add', `http://${hook.at}/x`, '--name', 'chat', '--event', 'job.*']);
  expect([added.code, added.stdout]).toEqual([0, expect.stringMatching(/^whsec_[A-Za-z0-9+/=]+\n$/)]);
  expect((await up.cli(['webhooks', 'test', 'chat'])).code).toBe(0);
  await up.cli(['run', '--engine', 'process', '--', 'true']);
  const isEnd = ({body}: Got) => body.includes('"job.ended"');
  const {headers, body} = (await waitFor(() => hook.got.find(isEnd), {within: 20_000, what: 'the end of the job is told'}))!;

  const file = (name: string, content: string | Buffer) => (writeFileSync(join(up.path, name), content), name);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  const verify = ['webhooks', 'verify', '--secret-file', file('secret', added.stdout), '--headers', file('headers', lines.join('\n'))];
  expect(await up.cli([...verify, '--body', file('body', body)])).toMatchObject({code: 0, stdout: expect.stringContaining('Valid')});
  const changed = await up.cli([...verify, '--body', file('changed', `${body.toString()}\n`)]);
  expect(changed).toMatchObject({code: 1, stderr: expect.stringContaining('a line end that was not signed')});

  hook.own.status = 500;
  expect(await up.cli(['webhooks', 'test', 'chat'])).toMatchObject({code: 1, stdout: expect.stringContaining('it answered 500')});
  const failed = await up.cli(['webhooks', 'deliveries', 'chat', '--failed', '--json']);
  expect(JSON.parse(failed.stdout)).toMatchObject({items: [{type: 'webhook.test', outcome: 'failed'}]});
  const refused = await up.cli(['webhooks', 'add', 'https://169.254.169.254/latest']);
  expect(refused).toMatchObject({code: 2, stderr: expect.stringContaining('not a public one')});
  expect((await up.cli(['webhooks', 'remove', 'chat'])).code).toBe(0);
  expect((await up.cli(['webhooks', 'list', '-o', 'name'])).stdout).toBe('');
});

test(
  'what is refused for an hour goes to the dead letters and is sent once more by hand; one that is gone is disabled and goes on',
  {timeout: 180_000},
  async () => {
    await using hook = await receiver();
    // An hour lasts 36 s.
    await using up = await Up.open({BOXYARD_WEBHOOK_ALLOW: hook.at, BOXYARD_TIME_SCALE: '0.01'});
    await up.ok('webhooks', 'add', `http://${hook.at}/x`, '--name', 'chat', '--event', 'secret.*');
    const secret = (name: string) => up.cli(['secrets', 'set', name], {input: 'a value of it'});
    const refused = new Set<unknown>();
    hook.own.of = ({headers}) =>
      refused.has(headers['webhook-id']) || (refused.size === 0 && refused.add(headers['webhook-id'])) ? 500 : 204;
    for (const name of ['one', 'two', 'three']) expect((await secret(name)).code).toBe(0);
    const dead = () => up.json<{items: {event: string}[]}>('webhooks', 'dead-letters', 'chat');
    await waitFor(async () => (await dead()).items.length === 1, {within: 90_000, what: 'it is given up'});
    const [letter] = (await dead()).items;
    expect(refused).toEqual(new Set([letter!.event]));
    const ids = () => hook.got.map(({headers}) => headers['webhook-id']).filter(id => !refused.has(id));
    await waitFor(() => new Set(ids()).size === 2, {within: 20_000, what: 'those behind it are told'});
    hook.own.of = () => 204;
    expect((await up.cli(['webhooks', 'redeliver', 'chat', '--dead'])).stderr).toContain('1 event to be sent once more');
    await waitFor(async () => (await dead()).items.length === 0, {within: 20_000, what: 'it is taken'});
    expect(hook.got.at(-1)!.headers['webhook-id']).toBe(letter!.event);

    hook.own.of = () => 410;
    await secret('four');
    const state = async () => await up.ok('webhooks', 'show', 'chat');
    await waitFor(async () => (await state()).includes('disabled'), {within: 20_000, what: 'it is disabled'});
    hook.own.of = () => 204;
    const before = hook.got.length;
    await up.ok('webhooks', 'enable', 'chat');
    await waitFor(() => hook.got.length > before, {within: 20_000, what: 'it goes on where it was'});

    const rotated = (await up.ok('webhooks', 'rotate', 'chat')).trim();
    expect(rotated).toMatch(/^whsec_/);
    await up.ok('webhooks', 'test', 'chat');
    const signatures = () => String(hook.got.at(-1)!.headers['webhook-signature']).split(' ').length;
    expect(signatures()).toBe(2);
    await up.ok('webhooks', 'rotate', 'chat', '--keep', '0s');
    await up.ok('webhooks', 'test', 'chat');
    expect(signatures()).toBe(1);
  },
);
