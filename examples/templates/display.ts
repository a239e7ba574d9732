/**
 * A display that holds what every display must: a program in the box greets each viewer in RFB, and no more. A place to start from: put
 * the server of your screen into `program`, such as `Xvnc :1 -rfbport PORT -localhost`. `boxyard plugins verify` says what broke.
 */
import type {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {Display, Plugin, Process, Reach, Screen} from 'boxyard/plugin-api';

const pollMs = 50;
const program = (port: number): readonly string[] => [
  'sh',
  '-c',
  `exec $(command -v busybox) nc -ll -p ${port} -e sh -c 'printf "RFB 003.008\\n"; exec cat'`,
];

/** Whatever the box does, the call ends with its signal. */
const until = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
};

async function open(box: Reach, signal: AbortSignal): Promise<Screen> {
  // Below the ports that a kernel hands out by itself.
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const server = await until(signal, box.exec({argv: program(port)}, signal));
  const views = new Set<Duplex>();
  let why: string | undefined;
  const ended = endOf(server).then(how => (why ??= how));
  const close = async (): Promise<void> => {
    why ??= 'it was closed';
    for (const view of views) view.destroy();
    await server.kill('SIGKILL').catch(() => undefined);
    await ended;
  };
  const view = async (given: AbortSignal): Promise<Duplex> => {
    if (why !== undefined) throw new Error(`the screen has ended: ${why}`);
    const stream = await until(given, box.connect(port, given));
    views.add(stream.once('close', () => views.delete(stream)));
    return stream;
  };
  try {
    await listening(view, signal);
  } catch (error) {
    await close();
    throw error;
  }
  return {protocol: 'rfb', ended, view, close};
}

/** Its output has to be read, or it would wait for somebody to. */
async function endOf(server: Process): Promise<string> {
  try {
    let said = '';
    for await (const {bytes} of server.output) said = (said + Buffer.from(bytes).toString()).slice(-500);
    return `the server of the screen ended with ${JSON.stringify(await server.wait())} ${said}`.trim();
  } catch (error) {
    return `the box is gone: ${(error as Error).message}`;
  }
}

async function listening(view: Screen['view'], signal: AbortSignal): Promise<void> {
  for (; ; await delay(pollMs, undefined, {signal})) {
    const stream = await view(signal).catch((error: unknown) => error as Error);
    if (!(stream instanceof Error)) return void stream.destroy();
    if (/has ended/.test(stream.message)) throw stream;
  }
}

export default {
  kind: 'display',
  name: 'my-plugin',
  api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'my-plugin', validate: () => ({value: {}})}},
  create: (): Display => ({open: (box, _size, signal) => open(box, signal)}),
} satisfies Plugin<'display', object>;
