import {rmSync, rmdirSync} from 'node:fs';
import {createServer} from 'node:net';
import {dirname} from 'node:path';
import {timingFrom} from '@boxyard/core/config';
import {loadAll} from '../engine-loading.ts';
import {keepExit} from '../keep-exit.ts';
import {lockStateDir} from '../state-lock.ts';
import {LastCall} from './last-call.ts';
import {SessionHost} from './session-host.ts';
import {hostSocketPath} from './socket-path.ts';

const exit: (code: number) => never = keepExit(process);
const [stateDir, version] = process.argv.slice(2);
if (stateDir === undefined || version === undefined) {
  process.stderr.write('usage: session-host STATE_DIR VERSION\n');
  exit(2);
}
const log = (message: string, fields: object = {}) =>
  process.stderr.write(
    `${JSON.stringify({time: new Date().toISOString(), part: 'session-host', pid: process.pid, msg: message, ...fields})}\n`,
  );

const lock = lockStateDir(stateDir, 'session host', `host-${version}`);
const lastCall = new LastCall(stateDir, version);
const socketPath = hostSocketPath(stateDir, version);
const host = new SessionHost({
  stateDir,
  log,
  idleMs: timingFrom(process.env).hostIdle,
  onEnd: () => end(0),
  during: (job, work) => lastCall.for(job, work),
  loadEngine: async setting => (await loadAll([setting], stateDir, log, {entering: lastCall.entering}))[0],
});
// A socket file left by a dead one is in the way; the lock says that nobody lives behind it.
rmSync(socketPath, {force: true});
process.umask(0o077);
const server = createServer(socket => host.serve(socket));
server.on('error', error => {
  log('no socket', {error: String(error)});
  end(1);
});
server.listen(socketPath, () => log('ready'));

function end(code: number): void {
  host.close();
  server.close();
  rmSync(socketPath, {force: true});
  removeOwnFolder(dirname(socketPath));
  lastCall.close();
  lock.release();
  exit(code);
}
/** Only where the socket has a folder to itself: a state directory is never empty. */
function removeOwnFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or gone.
  }
}

// Without a listener, SIGUSR1 opens Node's debugger on a port that every user of this machine may talk to.
for (const name of ['SIGHUP', 'SIGINT', 'SIGPIPE', 'SIGUSR1'] as const) process.on(name, () => undefined);
process.on('SIGTERM', () => end(0));
process.on('uncaughtException', error => log('uncaught', {error: error.stack ?? String(error)}));
process.on('unhandledRejection', error => log('unhandled', {error: error instanceof Error ? error.stack : String(error)}));
