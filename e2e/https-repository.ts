import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:https';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {must} from '../faults/lab/run-command.ts';

export interface HttpsRepository extends AsyncDisposable {
  readonly port: number;
  /** A certificate authority's file, readable by everybody. */
  readonly authority: string;
  /** User and password that the path `/private/app.git` asks for. */
  readonly login: string;
}

/**
 * A git server over https with a certificate of its own making: `/app.git` for everybody, `/private/app.git` with a password.
 * `git http-backend` answers, so branches, depth and credentials are git's own.
 */
export async function serveRepository(dir: string, {host = '127.0.0.1', password = 'pa55-of-anna'} = {}): Promise<HttpsRepository> {
  await makeRepository(dir);
  await makeCertificate(dir, host);
  const login = `anna:${password}`;
  const server = createServer({key: readFileSync(join(dir, 'key.pem')), cert: readFileSync(join(dir, 'cert.pem'))}, (from, to) =>
    answer(dir, login, {from, to}),
  );
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    authority: join(dir, 'cert.pem'),
    login,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function makeRepository(dir: string): Promise<void> {
  const work = join(dir, 'work');
  mkdirSync(work, {recursive: true});
  const git = (...args: readonly string[]) =>
    must(['git', '-c', 'user.name=Anna', '-c', 'user.email=anna@example.com', '-c', 'init.defaultBranch=main', ...args], {cwd: work});
  await git('init', '-q');
  writeFileSync(join(work, 'file.txt'), 'on main\n');
  await git('add', '.');
  await git('commit', '-qm', 'First');
  await git('checkout', '-qb', 'topic');
  writeFileSync(join(work, 'file.txt'), 'on topic\n');
  await git('commit', '-qam', 'Second');
  await git('checkout', '-q', 'main');
  mkdirSync(join(dir, 'repos/private'), {recursive: true});
  for (const name of ['app.git', 'private/app.git']) await git('clone', '-q', '--bare', work, join(dir, 'repos', name));
}

async function makeCertificate(dir: string, host: string): Promise<void> {
  const names = `subjectAltName=IP:${host}`;
  const subject = ['-subj', '/CN=boxyard test', '-addext', names];
  await must([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    join(dir, 'key.pem'),
    '-out',
    join(dir, 'cert.pem'),
  ]);
  await must(['chmod', '0644', join(dir, 'cert.pem')]);
}

function answer(dir: string, login: string, {from, to}: {from: IncomingMessage; to: ServerResponse}): void {
  const url = new URL(from.url ?? '/', 'https://x');
  const wanted = `Basic ${Buffer.from(login).toString('base64')}`;
  if (url.pathname.startsWith('/private/') && from.headers.authorization !== wanted) {
    to.writeHead(401, {'www-authenticate': 'Basic realm="private"'}).end();
    return;
  }
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: join(dir, 'repos'),
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      REQUEST_METHOD: from.method ?? 'GET',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: from.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(from.headers['git-protocol'] ?? ''),
      HTTP_CONTENT_ENCODING: String(from.headers['content-encoding'] ?? ''),
    },
  });
  from.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const parts: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => parts.push(bytes));
  child.once('close', () => respond(Buffer.concat(parts), to));
}

/** What a CGI program says: header lines, an empty line, the body. */
function respond(said: Buffer, to: ServerResponse): void {
  const end = said.indexOf('\r\n\r\n');
  const headers = said
    .subarray(0, end)
    .toString()
    .split('\r\n')
    .map(line => line.split(/: ?(.*)/s) as [string, string]);
  const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1];
  for (const [name, value] of headers) if (name && name.toLowerCase() !== 'status') to.setHeader(name, value);
  to.writeHead(status === undefined ? 200 : Number.parseInt(status, 10));
  to.end(said.subarray(end + 4));
}
