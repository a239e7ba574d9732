import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import type {Duplex} from 'node:stream';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {waitFor} from '../redis-for-tests.ts';

const PROGRAM = 'Xtigervnc';

export const hasXvnc = await promisify(execFile)(PROGRAM, ['-version']).then(
  () => true,
  () => (console.log('skipped: no Xtigervnc here'), false),
);

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as {port: number};
      server.close(() => resolve(port));
    });
  });

export interface Xvnc extends AsyncDisposable {
  readonly display: string;
  connect(): Promise<Duplex>;
  /** A program on this screen, ended with it. */
  run(program: string, ...args: readonly string[]): void;
}

/** A real X server that shows itself over RFB, with VncAuth where it has a password (8 bytes as a password file holds them). */
export async function startXvnc({size = '640x480', passwordFile}: {size?: string; passwordFile?: Buffer} = {}): Promise<Xvnc> {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-xvnc-'));
  const port = await freePort();
  const display = `:${port}`;
  const security = passwordFile ? ['-SecurityTypes', 'VncAuth', '-PasswordFile', join(dir, 'password')] : ['-SecurityTypes', 'None'];
  if (passwordFile) writeFileSync(join(dir, 'password'), passwordFile, {mode: 0o600});
  const args = [display, '-rfbport', String(port), '-localhost', '-geometry', size, '-depth', '24', '-nolisten', 'tcp', ...security];
  const server = spawn(PROGRAM, args, {stdio: 'ignore', cwd: dir});
  const programs: {kill(): void}[] = [];
  const open = () =>
    new Promise<Duplex>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    });
  await waitFor(
    () =>
      open()
        .then(socket => (socket.destroy(), true))
        .catch(() => false),
    {within: 10_000},
  );
  return {
    display,
    connect: open,
    run(program, ...rest) {
      const child = spawn(program, rest, {stdio: 'ignore', env: {...process.env, DISPLAY: display}});
      programs.push({kill: () => child.kill('SIGKILL')});
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs) program.kill();
      const gone = new Promise(resolve => server.once('exit', resolve));
      server.kill('SIGTERM');
      await gone;
      rmSync(dir, {recursive: true, force: true});
    },
  };
}
