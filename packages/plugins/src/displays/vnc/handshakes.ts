import type {Duplex} from 'node:stream';
import {vncDes} from './desktop-script.ts';

/** Why there is no session, in words for a person. */
export class NoSession extends Error {
  readonly isRefusal: boolean;

  constructor(message: string, isRefusal = false) {
    super(message);
    this.isRefusal = isRefusal;
  }
}

/** Exactly so many bytes; what came behind them stays in the stream. */
export function readExactly(stream: Duplex, bytes: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      stream.off('readable', look).off('end', over).off('close', over).off('error', fail);
      signal.removeEventListener('abort', stop);
      act();
    };
    const look = () => {
      const chunk = stream.read(bytes) as Buffer | null;
      if (chunk === null) return;
      if (chunk.length === bytes) settle(() => resolve(chunk));
      else over();
    };
    const over = () => settle(() => reject(new NoSession('it ended before it said all')));
    const fail = (error: Error) => settle(() => reject(error));
    const stop = () => settle(() => reject(signal.reason as Error));
    stream.on('readable', look).on('end', over).on('close', over).on('error', fail);
    signal.addEventListener('abort', stop, {once: true});
    if (signal.aborted) return stop();
    if (stream.destroyed) return over();
    look();
  });
}

const NONE = 1;
const VNC_AUTH = 2;
const VERSION = Buffer.from('RFB 003.008\n');

/** The viewer's side of RFB 3.8 with the box's VNC server, up to and with the wish to share: its next bytes are its screen. */
export async function logIn(server: Duplex, password: string | undefined, signal: AbortSignal): Promise<void> {
  const version = (await readExactly(server, 12, signal)).toString('latin1');
  if (!/^RFB 003\.(00[89]|889)\n$/.test(version)) throw new NoSession('what listens there speaks no RFB 3.8');
  server.write(VERSION);
  const [count = 0] = await readExactly(server, 1, signal);
  if (count === 0) throw await refusal(server, signal);
  const kinds = await readExactly(server, count, signal);
  const kind = password !== undefined && kinds.includes(VNC_AUTH) ? VNC_AUTH : NONE;
  if (!kinds.includes(kind)) throw new NoSession('it wants a password that nobody here knows', true);
  server.write(Buffer.from([kind]));
  if (kind === VNC_AUTH) server.write(vncDes(keyOf(password!), await readExactly(server, 16, signal)));
  if ((await readExactly(server, 4, signal)).readUInt32BE() !== 0) throw await refusal(server, signal);
  server.write(Buffer.from([1]));
}

const keyOf = (password: string): Buffer => Buffer.concat([Buffer.from(password, 'latin1'), Buffer.alloc(8)]).subarray(0, 8);

async function refusal(server: Duplex, signal: AbortSignal): Promise<NoSession> {
  const length = (await readExactly(server, 4, signal)).readUInt32BE();
  const reason = await readExactly(server, Math.max(1, Math.min(length, 256)), signal);
  return new NoSession(reason.toString('latin1').replaceAll(/[^\x20-\x7e]/g, ' '), true);
}

/** The server's side with a viewer, who needs no password: it came by a way that asked who it is. */
export async function greet(viewer: Duplex, signal: AbortSignal): Promise<void> {
  viewer.write(VERSION);
  const minor = Number(/^RFB 003\.(\d{3})\n$/.exec((await readExactly(viewer, 12, signal)).toString('latin1'))?.[1] ?? 'NaN');
  if (Number.isNaN(minor)) throw new NoSession('the viewer speaks no RFB');
  if (minor < 7) viewer.write(Buffer.from([0, 0, 0, NONE]));
  else {
    viewer.write(Buffer.from([1, NONE]));
    const [chosen] = await readExactly(viewer, 1, signal);
    if (chosen !== NONE) throw new NoSession('the viewer chose what was not offered');
    if (minor >= 8) viewer.write(Buffer.alloc(4));
  }
  await readExactly(viewer, 1, signal);
}
