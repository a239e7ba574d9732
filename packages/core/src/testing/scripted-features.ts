import {createReadStream, createWriteStream, existsSync, mkdirSync} from 'node:fs';
import path from 'node:path';
import {Duplex, PassThrough, Writable, type Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {Box, Chunk, Command, Exit, Features, Image, Labels, Process} from '../plugin-api/index.ts';
import {line, scriptOf} from './scripted-script.ts';
import {stateOf, type Scripted} from './scripted-box.ts';

/** Every feature of the contract, none of which does anything. Images exist unless their name has `missing` in it. */
export const scriptedFeatures = (engine: Scripted): Features => ({
  exec: (box, command, signal) => run(engine, {box, command, call: 'exec'}, signal),
  terminal: async (box, command, _size, signal) => ({
    ...(await run(engine, {box, command, call: 'terminal'}, signal)),
    resize: async () => undefined,
  }),
  killMarked: async (_box, _variable, signal) => (await engine.enter('killMarked', {}, signal), 0),
  connect: async (box, _port, signal) => {
    await enterRunning(engine, box, 'connect', signal);
    const echo = new PassThrough();
    return Duplex.from({readable: echo, writable: echo});
  },
  stats: async (box, signal) => (await enterRunning(engine, box, 'stats', signal), {cpuSeconds: 0.01, memoryBytes: 1_048_576, pids: 1}),
  images: {
    find: async ref => (ref.includes('missing') ? undefined : image(ref)),
    list: async () => [image('localhost/scripted:1')],
    pull: async (ref, _login, progress, signal) => {
      await engine.enter('pull', {}, signal);
      if (ref.includes('missing')) throw engine.host.fault('not-found', `${ref}: no such image`);
      progress('pulling', 1, 1);
      return image(ref);
    },
    remove: (_ref, signal) => engine.enter('images.remove', {}, signal),
  },
  build: async (wanted, log, signal) => {
    await engine.enter('build', wanted.args, signal);
    wanted.context.resume();
    log(Buffer.from(`built ${wanted.ref}\n`));
    return image(wanted.ref, wanted.labels);
  },
  snapshot: async (_box, ref, labels, signal) => (await engine.enter('snapshot', {}, signal), image(ref, labels)),
  files: {
    put: (box, folder, tar, signal) => put(engine, box, {folder, tar}, signal),
    get: (box, folder, signal) => get(engine, box, folder, signal),
  },
  removeVolume: async (_name, signal) => engine.enter('removeVolume', {}, signal),
  gateway: async (_name, signal) => (await engine.enter('gateway', {}, signal), {address: '127.0.0.1'}),
});

const enterRunning = async (engine: Scripted, box: Box, call: string, signal: AbortSignal): Promise<void> => {
  await engine.enter(call, engine.store.read(box.name)?.spec.env ?? {}, signal);
  const {is} = stateOf(engine.store, box.name);
  if (is !== 'running') throw new Error(`${call} in ${box.name}, which is ${is}`);
};

/** Gives its stdin back if it is `cat`; else it says its lines at once, sleeps and ends. */
const run = async (
  engine: Scripted,
  {box, command, call}: {box: Box; command: Command; call: string},
  signal: AbortSignal,
): Promise<Process> => {
  await enterRunning(engine, box, call, signal);
  const script = scriptOf({...engine.store.read(box.name)?.spec.env, ...command.env});
  const killed = Promise.withResolvers<Exit>();
  const output = new PassThrough();
  const isCat = command.argv[0] === 'cat';
  for (let index = 0; index < script.lines.stdout; index += 1) output.write(line('stdout', index));
  const stdin = new Writable({
    write: (part, _encoding, done) => (isCat ? output.write(part, done) : done()),
    final: done => (isCat && output.end(), done()),
  });
  const ended = isCat ? new Promise<void>(resolve => void output.once('end', resolve)) : delay(script.sleepMs);
  const exit = Promise.race([ended.then((): Exit => ({code: script.exit})), killed.promise]);
  void exit.then(() => output.end());
  return {
    stdin,
    output: numbered(output),
    wait: () => exit,
    kill: async kind => killed.resolve({code: kind === 'SIGKILL' ? 137 : 143}),
  };
};

async function* numbered(source: Readable): AsyncGenerator<Chunk> {
  let offset = 0;
  for await (const bytes of source) {
    yield {stream: 'stdout', offset, bytes: bytes as Buffer};
    offset += (bytes as Buffer).length;
  }
}

const image = (ref: string, labels: Labels = {}): Image => ({
  id: `scripted:${ref}`,
  refs: [ref],
  bytes: 1,
  createdAt: '2026-01-01T00:00:00Z',
  platform: 'linux/amd64',
  labels,
  command: ['true'],
});

const fileOf = (engine: Scripted, box: Box, folder: string): string =>
  path.join(engine.store.fileOf(box.name, 'files'), encodeURIComponent(path.posix.normalize(folder)));

/** The archive is kept as it came; what was put is what can be got. */
const put = async (engine: Scripted, box: Box, {folder, tar}: {folder: string; tar: Readable}, signal: AbortSignal): Promise<void> => {
  await engine.enter('put', {}, signal);
  mkdirSync(engine.store.fileOf(box.name, 'files'), {recursive: true});
  await pipeline(tar, createWriteStream(fileOf(engine, box, folder)), {signal});
};

const get = async (engine: Scripted, box: Box, folder: string, signal: AbortSignal): Promise<Readable> => {
  await engine.enter('get', {}, signal);
  const file = fileOf(engine, box, folder);
  if (!existsSync(file)) throw engine.host.fault('not-found', `no ${folder} in ${box.name}`);
  return createReadStream(file);
};
