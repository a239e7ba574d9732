import {Duplex, PassThrough} from 'node:stream';
import type {Box} from '@boxyard/core/plugin-api';
import type {Api} from './api.ts';
import {Entrance} from './entrance.ts';
import {exec} from './exec.ts';
import {inspect} from './main-end.ts';

/** A relay in the box, of what it may have: says `+`, then passes bytes. */
const INSIDE = `if command -v socat >/dev/null; then printf +; exec socat - TCP:127.0.0.1:"$1"; fi
if command -v python3 >/dev/null; then exec python3 -c "
import os,socket,sys,threading
try: s=socket.create_connection(('127.0.0.1',int(sys.argv[1])))
except OSError: s=socket.create_connection(('::1',int(sys.argv[1])))
os.write(1,b'+')
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
  const {Pid: pid} = info.State;
  if (process.platform === 'linux' && process.getuid?.() === 0 && pid > 0) return fromHere(api, box, {pid, port}, signal);
  return fromInside(api, box, port, signal);
};

/** One process per box serves all connections of a while. */
const fromHere = async (api: Api, box: Box, {pid, port}: {pid: number; port: number}, signal: AbortSignal): Promise<Duplex> => {
  const key = `${box.name}/${pid}`;
  const known = api.entrances.get(key);
  if (known !== undefined) return known.connect(port, signal);
  const entrance = new Entrance(pid, api.host, () => api.entrances.delete(key));
  api.entrances.set(key, entrance);
  const socket = await entrance.connect(port, signal);
  // A number may have become another process's between the question and the entry: then the box does not have it any more.
  const now = await inspect(api, box.name, signal).catch((error: unknown) => (socket.destroy(), Promise.reject(error)));
  if (now?.State.Running === true && now.State.Pid === pid) return socket;
  socket.destroy();
  entrance.close();
  throw api.host.fault('not-found', `${box.name} does not run`);
};

const refused = (api: Api, port: number): Error => api.host.fault('not-found', `nothing listens on port ${port}`);

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
    throw refused(api, port);
  }
  const duplex = Duplex.from({readable, writable: relay.stdin});
  duplex.once('close', () => void relay.kill('SIGKILL').catch(() => undefined));
  return duplex;
};
