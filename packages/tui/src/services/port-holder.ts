import {readFileSync, readdirSync, readlinkSync} from 'node:fs';
import {createServer} from 'node:net';
import {basename} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port`, or a port alone for 127.0.0.1. */
export function parseListen(value: string): ListenAddress {
  const match = /^(?:(\[[^\]]+\]|[^:]+):)?(\d{1,5})$/.exec(value.trim());
  const port = Number(match?.[2]);
  if (!match || port > 65_535)
    throw new BoxyardError('INVALID_INPUT', {field: '--listen', issue: `expected HOST:PORT, got ${value === '' ? 'nothing' : value}`});
  return {host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port};
}

export const formatListen = ({host, port}: ListenAddress): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** `PORT_BUSY` with who holds it and a free one, so that the next line typed works; `hint` words it. Another program may still be faster. */
export async function refuseBusyPort(at: ListenAddress, hint?: (free: ListenAddress) => string): Promise<void> {
  if (at.port === 0 || (await canListen(at))) return;
  const holder = findHolder(at.port);
  const free = {...at, port: await nextFree(at)};
  throw new BoxyardError('PORT_BUSY', {
    address: formatListen(at),
    ...(holder === undefined ? {} : {holder}),
    suggestion: formatListen(free),
    ...(hint === undefined ? {} : {hint: hint(free)}),
  });
}

function canListen({host, port}: ListenAddress): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else
        reject(
          new BoxyardError(
            'INVALID_INPUT',
            {field: '--listen', issue: `${host}:${port} cannot be listened on (${error.code})`},
            {cause: error},
          ),
        );
    });
    probe.listen({host, port, exclusive: true}, () => probe.close(() => resolve(true)));
  });
}

async function nextFree({host, port}: ListenAddress): Promise<number> {
  for (let next = port + 1; next < port + 100 && next < 65_536; next++) if (await canListen({host, port: next})) return next;
  return 0;
}

/** `node (pid 77)`: found through /proc, so only on Linux and only for processes we may look at. */
function findHolder(port: number): string | undefined {
  try {
    const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file => listeningInodes(readFileSync(file, 'utf8'), port)));
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
      if (holdsSocket(pid, inodes)) return `${programOf(pid)} (pid ${pid})`;
  } catch {
    // No /proc: the message does without.
  }
  return undefined;
}

/** Of the command line: the name of a thread says less. */
const programOf = (pid: string): string => basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/)[0] ?? '') || 'a program';

const listening = '0A';

export function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields[3] === listening && fields[1]?.split(':')[1] === wanted)
    .map(fields => fields[9]!);
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
