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
  const own = {status: 204};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push({headers: request.headers, body: Buffer.concat(chunks)});
      response.writeHead(own.status).end();
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
