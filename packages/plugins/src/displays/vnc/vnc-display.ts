import {duplexPair, pipeline, type Duplex} from 'node:stream';
import type {Display, Host, Process, Reach, Screen} from '@boxyard/core/plugin-api';
import type {VncConfig} from './config.ts';
import {newPassword, parseFound, remedyFor, script, secretsOf, type Found} from './desktop-script.ts';
import {NoSession, greet, logIn} from './handshakes.ts';

type Box = Pick<Reach, 'exec' | 'connect'>;
const MOST_SAID = 65_536;
/** A viewer that has said nothing for so long is none. */
const GREETING_MS = 20_000;

/**
 * The screen of an X server in the box, which listens on the box's loopback alone and wants a password that is made here. The
 * server is found again by a later `open`, and goes on with all its windows after `close`: it ends with the box.
 */
export const createVnc = ({session = []}: VncConfig, host: Host): Display => ({
  async open(box, {width, height}, signal) {
    const found = parseFound(await said(box, [String(width), String(height), ...session], signal));
    const at = reachable(found, host);
    const watch = await connected(box, at, {host, signal});
    return screenOf(box, at, {host, watch});
  },
});

interface At {
  readonly port: number;
  readonly password: string | undefined;
}

function reachable(found: Found, host: Host): At {
  switch (found.is) {
    case 'ours':
      return {port: found.port, password: found.password};
    case 'found':
      return {port: found.port, password: undefined};
    case 'missing':
      throw host.fault('not-found', 'its image has no X server that can be watched', {hint: remedyFor(found.system)});
    case 'failed':
      throw host.fault('failed', `its X server did not start (${found.why})`);
  }
}

async function said(box: Box, args: readonly string[], signal: AbortSignal): Promise<string> {
  const command = {argv: ['sh', '-c', script, 'boxyard-display', ...args], env: secretsOf(newPassword())};
  const process = await untilAborted(box.exec(command, signal), signal, late => void late.kill('SIGKILL').catch(() => undefined));
  const stop = () => void process.kill('SIGKILL').catch(() => undefined);
  signal.addEventListener('abort', stop, {once: true});
  try {
    process.stdin.end();
    const text = await textOf(process);
    await process.wait();
    signal.throwIfAborted();
    return text;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Whoever is asked may never answer; what comes late is released. */
async function untilAborted<T>(asked: Promise<T>, signal: AbortSignal, release: (late: T) => void): Promise<T> {
  signal.throwIfAborted();
  const gone = Promise.withResolvers<never>();
  const stop = () => gone.reject(signal.reason as Error);
  signal.addEventListener('abort', stop, {once: true});
  try {
    return await Promise.race([asked, gone.promise]);
  } catch (error) {
    if (signal.aborted) asked.then(release, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function textOf(process: Process): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const {stream, bytes} of process.output) {
    if (stream !== 'stdout' || length > MOST_SAID) continue;
    parts.push(Buffer.from(bytes));
    length += bytes.length;
  }
  return Buffer.concat(parts).toString('utf8');
}

interface With {
  readonly host: Host;
  readonly signal: AbortSignal;
}

/** Logged in, with its screen to come next. */
async function connected(box: Box, {port, password}: At, {host, signal}: With): Promise<Duplex> {
  const server = await untilAborted(box.connect(port, signal), signal, late => void late.destroy());
  server.on('error', () => undefined);
  try {
    await logIn(server, password, signal);
    return server;
  } catch (error) {
    server.destroy();
    if (!(error instanceof NoSession)) throw error;
    const hint = password === undefined ? 'End that VNC server, or start it without a password on 127.0.0.1.' : '';
    throw host.fault(error.isRefusal ? 'denied' : 'failed', error.message, {hint});
  }
}

/** `watch` is a session that shows nothing and asks for nothing: its end is the X server's. */
function screenOf(box: Box, at: At, {host, watch}: {host: Host; watch: Duplex}): Screen {
  const views = new Set<Duplex>();
  let isClosed = false;
  const ended = new Promise<string>(resolve => {
    watch.once('close', () => resolve('its X server ended'));
  });
  watch.resume().once('end', () => watch.destroy());
  return {
    protocol: 'rfb',
    ended,
    async view(signal) {
      if (isClosed) throw host.fault('not-found', 'this screen is closed');
      const server = await connected(box, at, {host, signal});
      const [viewer, inner] = duplexPair();
      views.add(viewer);
      viewer.once('close', () => {
        views.delete(viewer);
        inner.destroy();
        server.destroy();
      });
      viewer.on('error', () => undefined);
      void between(inner, server)
        .catch((error: unknown) => host.log('debug', 'a viewer did not come about', {error: String(error)}))
        .finally(() => viewer.destroy());
      return viewer;
    },
    async close() {
      isClosed = true;
      for (const view of views) view.destroy();
      watch.destroy();
    },
  };
}

/** Resolves when either side is gone. */
async function between(viewer: Duplex, server: Duplex): Promise<void> {
  viewer.on('error', () => undefined);
  const gone = new AbortController();
  server.once('close', () => gone.abort(new Error('the X server closed the connection')));
  await greet(viewer, AbortSignal.any([gone.signal, AbortSignal.timeout(GREETING_MS)]));
  const over = Promise.withResolvers<void>();
  pipeline(viewer, server, () => over.resolve());
  pipeline(server, viewer, () => over.resolve());
  await over.promise;
}
