import {spawn} from 'node:child_process';
import {Duplex, PassThrough} from 'node:stream';
import type {Box} from '@boxyard/core/plugin-api';
import type {Api} from './api.ts';
import {exec} from './exec.ts';
import {inspect} from './main-end.ts';

/** Runs here, in the box's network only: it says `+` when connected, then passes bytes, half-close kept. */
const RELAY = `const s=require('net').connect({port:+process.argv[1],host:'127.0.0.1',allowHalfOpen:true});
s.on('connect',()=>{process.stdout.write('+');process.stdin.pipe(s);s.pipe(process.stdout)});
s.on('error',e=>{process.stderr.write(e.code||'');process.exit(1)})`;

/** The same in the box, with what it may have. */
const INSIDE = `if command -v socat >/dev/null; then printf +; exec socat - TCP:127.0.0.1:"$1"; fi
if command -v python3 >/dev/null; then exec python3 -c "
import os,socket,sys,threading
s=socket.create_connection(('127.0.0.1',int(sys.argv[1]))); os.write(1,b'+')
def up():
  while True:
    b=os.read(0,65536)
    if not b: break
    s.sendall(b)
  s.shutdown(socket.SHUT_WR)
threading.Thread(target=up,daemon=True).start()
while True:
  b=s.recv(65536)
  if not b: break
  while b: b=b[os.write(1,b):]
" "$1"; fi
if command -v busybox >/dev/null && busybox nc 2>&1 | grep -q Usage; then printf +; exec busybox nc 127.0.0.1 "$1"; fi
if command -v nc >/dev/null; then printf +; nc -h 2>&1 | grep -q -- '-N' && exec nc -N 127.0.0.1 "$1"; exec nc 127.0.0.1 "$1"; fi
exit 127`;

/**
 * A byte stream to a port that a program in the box listens on, without any network of the box's being reachable: from this
 * machine by entering the box's network namespace, which needs root; else by a program of the box's own.
 */
export const connectTo = async (api: Api, box: Box, port: number, signal: AbortSignal): Promise<Duplex> => {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw api.host.fault('invalid', `${port} is not a port`);
  const info = await inspect(api, box.name, signal);
  if (info?.State.Running !== true) throw api.host.fault('not-found', `${box.name} does not run`);
  if (process.platform === 'linux' && process.getuid?.() === 0 && info.State.Pid > 0) return fromHere(api, info.State.Pid, port, signal);
  return fromInside(api, box, port, signal);
};

const fromHere = async (api: Api, pid: number, port: number, signal: AbortSignal): Promise<Duplex> => {
  const child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', RELAY, String(port)], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', part => (said += String(part)));
  child.stdin.on('error', () => undefined);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  child.once('error', error => failed.reject(api.host.fault('unsupported', `connecting into a box: ${error.message}`)));
  child.once('close', () => failed.reject(refused(api, port, said)));
  const abort = (): void => failed.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  try {
    await Promise.race([readPlus(child.stdout), failed.promise]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  const duplex = Duplex.from({readable: child.stdout, writable: child.stdin});
  duplex.once('close', () => child.kill('SIGKILL'));
  return duplex;
};

const refused = (api: Api, port: number, said: string): Error =>
  api.host.fault('not-found', `nothing listens on port ${port}${said === '' ? '' : ` (${said.trim()})`}`);

const readPlus = async (stream: NodeJS.ReadableStream): Promise<void> => {
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  const look = (): void => {
    const byte = stream.read(1);
    if (byte !== null) resolve();
  };
  stream.on('readable', look);
  stream.once('end', () => reject(new Error('ended')));
  await promise.finally(() => stream.off('readable', look));
};

const fromInside = async (api: Api, box: Box, port: number, signal: AbortSignal): Promise<Duplex> => {
  const relay = await exec(api, box, {argv: ['sh', '-c', INSIDE, 'sh', String(port)]}, signal);
  const readable = new PassThrough();
  const up = Promise.withResolvers<boolean>();
  const pump = async (): Promise<void> => {
    let isUp = false;
    for await (const {stream, bytes} of relay.output) {
      if (stream === 'stderr') continue;
      const rest = isUp ? bytes : bytes.subarray(1);
      isUp = true;
      up.resolve(true);
      if (rest.length > 0 && !readable.write(rest)) await new Promise(resolve => readable.once('drain', resolve));
    }
    up.resolve(false);
    readable.end();
  };
  pump().catch((error: unknown) => {
    up.resolve(false);
    readable.destroy(error as Error);
  });
  if (!(await up.promise)) {
    const exit = await relay.wait();
    if ('code' in exit && exit.code === 127)
      throw api.host.fault('unsupported', `connecting into ${box.name}, which has none of socat, python3 and nc`);
    throw refused(api, port, '');
  }
  const duplex = Duplex.from({readable, writable: relay.stdin});
  duplex.once('close', () => void relay.kill('SIGKILL').catch(() => undefined));
  return duplex;
};
