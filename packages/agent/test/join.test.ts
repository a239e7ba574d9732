import {execFileSync} from 'node:child_process';
import {createHash, createPrivateKey, createPublicKey} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {createServer as createPlain, type RequestListener, type Server} from 'node:http';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join as pathOf} from 'node:path';
import {expect, test} from 'vitest';
import {formatTicket, randomBase32} from '@boxyard/core/config';
import {resolveConfig} from '../src/config.ts';
import {join} from '../src/join.ts';

const answer = {worker: 'w-1', name: 'nas', tenant: 't-1', tenantName: 'home', credential: 'cred', installation: 'i-1'};

async function scene(make: (dir: string, listener: RequestListener) => Server, status = 201, body: object = answer) {
  const dir = mkdtempSync(pathOf(tmpdir(), 'join-'));
  const bodies: string[] = [];
  const server = make(dir, (request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      bodies.push(text);
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {BOXYARD_CONFIG_DIR: pathOf(dir, 'config'), HOME: dir};
  return {
    env,
    bodies,
    invitation: (fingerprint?: string) => formatTicket({kind: 'bxi', addresses: [address], fingerprint, secret: randomBase32(256)}),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      rmSync(dir, {recursive: true});
    },
  };
}

const plain = (_: string, listener: RequestListener) => createPlain(listener);
function secure(dir: string, listener: RequestListener) {
  const [key, cert] = [pathOf(dir, 'key.pem'), pathOf(dir, 'cert.pem')];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=x',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  execFileSync('openssl', args, {stdio: 'ignore'});
  return createServer({key: readFileSync(key), cert: readFileSync(cert)}, listener);
}
const fingerprintOf = (dir: string) =>
  createHash('sha256')
    .update(createPublicKey(createPrivateKey(readFileSync(pathOf(dir, 'key.pem')))).export({type: 'spki', format: 'der'}))
    .digest('hex');

test('a machine that redeems an invitation keeps its credential for itself and its agent finds it', async () => {
  await using at = await scene(plain);
  const joined = await join({invitation: at.invitation(), name: 'My NAS!', hostname: 'nas', env: at.env});
  expect(joined).toMatchObject(answer);
  expect(statSync(joined.file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(at.bodies[0]!)).toMatchObject({name: 'my-nas-', hostname: 'nas'});
  expect(resolveConfig({}, at.env)).toMatchObject({url: joined.url, credential: 'cred', installation: 'i-1'});
});

test('redeeming again from the same machine says the same machine', async () => {
  await using at = await scene(plain);
  const invitation = at.invitation();
  await join({invitation, name: 'nas', hostname: 'nas', env: at.env});
  await join({invitation, name: 'nas', hostname: 'nas', env: at.env});
  const [first, second] = at.bodies.map(body => (JSON.parse(body) as {machine: string}).machine);
  expect(first).toBe(second);
});

test('a server with the pinned key is spoken to, another one hears nothing', async () => {
  await using at = await scene(secure);
  const dir = at.env.HOME;
  await join({invitation: at.invitation(fingerprintOf(dir)), name: 'nas', hostname: 'nas', env: at.env});
  expect(at.bodies.length).toBe(1);
  const wrong = join({invitation: at.invitation('0'.repeat(64)), name: 'nas', hostname: 'nas', env: at.env});
  await expect(wrong).rejects.toMatchObject({code: 'WRONG_SERVER'});
  expect(at.bodies.length).toBe(1);
});

test('a refusal arrives in the server’s own words', async () => {
  await using at = await scene(plain, 409, {
    error: {code: 'INVITATION_USED', message: 'This invitation was used by nas at 10:02.', hint: 'boxyard workers invite'},
  });
  const refused = join({invitation: at.invitation(), name: 'nas', hostname: 'nas', env: at.env});
  await expect(refused).rejects.toMatchObject({code: 'INVITATION_USED', message: 'This invitation was used by nas at 10:02.'});
});
