import {randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {Writable, type Duplex} from 'node:stream';
import type Docker from 'dockerode';
import type {Box, Chunk, Command, Exit, Process, Size, Terminal} from '@boxyard/core/plugin-api';
import {call, container, type Api} from './api.ts';
import {envList} from './box-spec.ts';
import {faultOf} from './errors.ts';
import {frames, type Frame} from './frames.ts';
import {openHijacked} from './hijack.ts';
import {killInBox} from './kill-in-box.ts';
import {numbered} from './output.ts';
import {REMARK, execInOurWords, isNoDirectory} from './start-words.ts';
import {openSize} from './terminal-size.ts';

export const MARKER = 'BOXYARD_EXEC';

export const exec = async (api: Api, box: Box, command: Command, signal: AbortSignal): Promise<Process> =>
  processOf(api, box, command, await open(api, box, {command, isTerminal: false, signal}));

export const terminal = async (
  api: Api,
  box: Box,
  {command, size}: {command: Command; size: Size},
  signal: AbortSignal,
): Promise<Terminal> => {
  const opened = await open(api, box, {command, isTerminal: true, signal});
  const resize = await openSize(api, opened, size, signal);
  return {...processOf(api, box, command, opened), resize};
};

interface Opened {
  readonly exec: Docker.Exec;
  readonly stream: Duplex;
  readonly mark: string;
  readonly isTerminal: boolean;
}

const open = async (
  api: Api,
  box: Box,
  {command, isTerminal, signal}: {command: Command; isTerminal: boolean; signal: AbortSignal},
): Promise<Opened> => {
  const mark = randomUUID();
  const doing = `run ${command.argv[0] ?? 'nothing'} in ${box.name}`;
  const options = {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: isTerminal,
    Cmd: [...command.argv],
    Env: envList(
      {...command.env, ...(isTerminal && command.env?.['TERM'] === undefined ? {TERM: 'xterm-256color'} : {}), [MARKER]: mark},
      api.host,
    ),
    ...(command.cwd === undefined ? {} : {WorkingDir: command.cwd}),
    ...(command.user === undefined ? {} : {User: command.user}),
  };
  const created = await call(api, doing, signal, () => container(api, box.name).exec({...options, abortSignal: signal}));
  const body = {Detach: false, Tty: isTerminal};
  const stream = await openHijacked(api.endpoint, {path: `/exec/${created.id}/start`, body}, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw faultOf(api.host, error, doing);
  });
  return {exec: created, stream, mark, isTerminal};
};

const processOf = (api: Api, box: Box, command: Command, opened: Opened): Process => {
  const ended = Promise.withResolvers<void>();
  opened.stream.once('close', ended.resolve);
  opened.stream.once('end', ended.resolve);
  const said: Beginning = {text: ''};
  let exit: Promise<Exit> | undefined;
  const wait = () => (exit ??= ended.promise.then(async () => withShellCode(await exitOf(api, opened.exec), said)));
  const output = opened.isTerminal
    ? raw(opened.stream)
    : remarkInOurWords(execInOurWords(remember(frames(bytesOf(opened.stream)), said), command.argv[0] ?? '', wait));
  return {
    stdin: stdinOf(opened.stream),
    output: numbered(output, {stdout: 0, stderr: 0}),
    wait,
    kill: async kind => {
      const state = await call(api, `look at an exec in ${box.name}`, AbortSignal.timeout(10_000), () => opened.exec.inspect());
      // The number of a process that has ended may be another's by now.
      const pid = state.Running ? state.Pid : 0;
      const how = {box: box.name, ...(command.user === undefined ? {} : {user: command.user}), kind, pid};
      await killInBox(api, how, {name: MARKER, value: opened.mark});
    },
  };
};

/** The socket without its readable half: `end` is EOF, and the program's end is no error of the writer. */
const stdinOf = (stream: Duplex): Writable => {
  const stdin = new Writable({
    write: (part: Uint8Array, _encoding, done) => {
      if (part.length === 0 || stream.destroyed || stream.writableEnded) return done();
      if (stream.write(part)) return done();
      const go = (): void => {
        stream.off('drain', go);
        stream.off('close', go);
        done();
      };
      stream.once('drain', go);
      stream.once('close', go);
    },
    final: done => {
      stream.end();
      done();
    },
  });
  stdin.on('error', () => undefined);
  return stdin;
};

async function* raw(stream: Duplex): AsyncGenerator<Frame> {
  for await (const bytes of bytesOf(stream)) yield {stream: 'stdout', bytes};
}

interface Beginning {
  text: string;
}

async function* remember(source: AsyncIterable<Frame>, said: Beginning): AsyncGenerator<Frame> {
  for await (const frame of source) {
    if (said.text === '') said.text = Buffer.from(frame.bytes.subarray(0, 500)).toString('latin1');
    yield frame;
  }
}

const NOT_THERE = /^OCI runtime exec failed: .*(?:executable file not found|no such file or directory)/;

/**
 * docker ends an exec with 126 also where the program is not there, which shells, and its own containers, call 127; podman ends
 * one with 127 also where the directory is not there.
 */
const withShellCode = (exit: Exit, {text}: Beginning): Exit => {
  if (!('code' in exit) || (exit.code !== 126 && exit.code !== 127)) return exit;
  if (isNoDirectory(text)) return {...exit, code: 126};
  return NOT_THERE.test(text) ? {...exit, code: 127} : exit;
};

const ONLY_REMARK = new RegExp(`^${REMARK.source}$`);
export const UNREAD = 'podman: the program left input unread, so the end of its output may be missing\n';

/** podman stops serving a program that ends with much of its stdin unread, and puts a word about it among what the program said. */
async function* remarkInOurWords(source: AsyncIterable<Frame>): AsyncGenerator<Frame> {
  let held: Frame | undefined;
  for await (const frame of source) {
    if (held !== undefined) yield held;
    held =
      frame.stream === 'stderr' && frame.bytes.length < 300 && ONLY_REMARK.test(Buffer.from(frame.bytes).toString()) ? frame : undefined;
    if (held === undefined) yield frame;
  }
  if (held !== undefined) yield {stream: 'stderr', bytes: Buffer.from(UNREAD)};
}

/** Where our side had written what nobody read, the end of the connection is a reset; all that was said has come before it. */
async function* bytesOf(stream: Duplex): AsyncGenerator<Chunk['bytes']> {
  try {
    yield* stream;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
}

/** After the stream's end the engine may need a moment; an exec it no longer knows had an end nobody saw. */
const exitOf = async (api: Api, exec: Docker.Exec): Promise<Exit> => {
  const until = performance.now() + 10_000;
  for (;;) {
    const state = await exec.inspect().catch((error: unknown) => error as Error);
    if (state instanceof Error) return {unknown: 'engine_restarted'};
    if (!state.Running && state.ExitCode !== null) return {code: state.ExitCode};
    if (performance.now() > until) return {unknown: `${api.dialect.name} does not say how it ended`};
    await delay(10);
  }
};
