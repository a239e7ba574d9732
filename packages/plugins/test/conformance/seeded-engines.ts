import {request} from 'node:http';
import {PassThrough} from 'node:stream';
import type {Box, Chunk, Engine, Exit, Features, Plugin, Process} from '@boxyard/core/plugin-api';
import processPlugin from '@boxyard/plugins/engines/process';

/** One bug put into an engine that has none, and the case that is there to find it. */
export interface Seeded {
  readonly bug: string;
  readonly found: string;
  readonly put: (engine: Engine) => Engine;
}

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the engine has no such feature');
  return value;
};

/** Every box that comes out of the engine, changed; the engine's features are handed the box as it was. */
const withBoxes = (engine: Engine, change: (box: Box, how: 'created' | 'found') => Box | Promise<Box>): Engine => {
  const inner = new WeakMap<Box, Box>();
  const outer = async (box: Box, how: 'created' | 'found'): Promise<Box> => {
    const changed = await change(box, how);
    inner.set(changed, box);
    return changed;
  };
  const unwrap = (box: Box): Box => inner.get(box) ?? box;
  const {exec, terminal, killMarked, connect, stats, files} = engine.features;
  return {
    ...engine,
    create: async (spec, signal) => outer(await engine.create(spec, signal), 'created'),
    find: async (name, signal) => {
      const found = await engine.find(name, signal);
      return found === undefined ? undefined : outer(found, 'found');
    },
    list: async (labels, signal) => Promise.all((await engine.list(labels, signal)).map(box => outer(box, 'found'))),
    features: {
      exec: (box, command, signal) => must(exec)(unwrap(box), command, signal),
      terminal: (box, command, size, signal) => must(terminal)(unwrap(box), command, size, signal),
      killMarked: (box, variable, signal) => must(killMarked)(unwrap(box), variable, signal),
      connect: (box, port, signal) => must(connect)(unwrap(box), port, signal),
      stats: (box, signal) => must(stats)(unwrap(box), signal),
      files: {
        put: (box, path, tar, signal) => must(files).put(unwrap(box), path, tar, signal),
        get: (box, path, signal) => must(files).get(unwrap(box), path, signal),
      },
    },
  };
};

const withFeatures = (engine: Engine, change: (features: Features) => Features): Engine => ({
  ...engine,
  features: {...engine.features, ...change(engine.features)},
});

async function* upTo(source: AsyncIterable<Chunk>, most: number): AsyncGenerator<Chunk> {
  for await (const chunk of source) {
    const left = most - chunk.offset;
    if (left > 0) yield {...chunk, bytes: chunk.bytes.subarray(0, left)};
  }
}

/** What its backend would answer: the kit's own socket never does. */
const asked = (socketPath: string): Promise<unknown> =>
  new Promise((resolve, reject) => request({socketPath, path: '/'}, resolve).on('error', reject).end());

const hasEnded = (box: Box): Promise<boolean> =>
  box.inspect(AbortSignal.timeout(20_000)).then(
    ({is}) => is === 'exited',
    () => false,
  );

const alive = new Map<string, Set<Process>>();

export const seeded: readonly Seeded[] = [
  {
    bug: 'the end is kept in memory, so that another instance does not know it',
    found: 'the end is told again long after, by another instance too',
    put: engine =>
      withBoxes(engine, async (box, how) => {
        const wasOver = how === 'found' && (await hasEnded(box));
        return {...box, wait: async (signal): Promise<Exit> => (wasOver ? {unknown: 'it ended before'} : box.wait(signal))};
      }),
  },
  {
    bug: 'half of the grace is given',
    found: 'a program deaf to SIGTERM is killed after the grace, and not before',
    put: engine => withBoxes(engine, box => ({...box, stop: (graceMs, signal) => box.stop(graceMs / 2, signal)})),
  },
  {
    bug: 'both streams are taken up again at the offset of stdout',
    found: 'each stream is taken up again at its own offset after the end',
    put: engine =>
      withBoxes(engine, box => ({
        ...box,
        output: (from, signal) => box.output(from.stderr === 0 ? from : {stdout: from.stdout, stderr: from.stdout}, signal),
      })),
  },
  {
    bug: 'a stdin that breaks is taken for its end',
    found: 'a stdin that breaks kills the program, which never takes it for the end',
    put: engine =>
      withBoxes(engine, box => ({
        ...box,
        start: (stdin, signal) => {
          const forgiving = stdin === undefined ? undefined : new PassThrough();
          stdin?.on('error', () => forgiving?.end()).pipe(must(forgiving));
          return box.start(forgiving, signal);
        },
      })),
  },
  {
    bug: 'output is kept up to 64 MB',
    found: '100 MB of output are read live to the last byte, and the end of it once more by another instance',
    put: engine => withBoxes(engine, box => ({...box, output: (from, signal) => upTo(box.output(from, signal), 64 * 2 ** 20)})),
  },
  {
    bug: 'a name that is taken by somebody else is taken for the own box',
    found: 'creating again gives the same box, and a name with other labels is a conflict',
    put: engine => ({...engine, create: async (spec, signal) => (await engine.find(spec.name, signal)) ?? engine.create(spec, signal)}),
  },
  {
    bug: 'killing one exec kills all of the box',
    found: 'killing an exec kills what it started, also what left its session, and nothing else',
    put: engine =>
      withFeatures(engine, ({exec}) => ({
        exec: async (box, command, signal) => {
          const mine = alive.get(box.name) ?? new Set();
          alive.set(box.name, mine);
          const process = await must(exec)(box, command, signal);
          mine.add(process);
          return {...process, kill: async kind => void (await Promise.all([...mine].map(each => each.kill(kind))))};
        },
      })),
  },
  {
    bug: 'a terminal keeps the size it was opened with',
    found: 'a terminal has the size of the last resize, also of one in the same millisecond as its start',
    put: engine =>
      withFeatures(engine, ({terminal}) => ({
        terminal: async (box, command, size, signal) => ({
          ...(await must(terminal)(box, command, size, signal)),
          resize: async () => undefined,
        }),
      })),
  },
  {
    bug: 'the end of one direction of a connection ends both',
    found: 'a port on the box’s own loopback is reached, and each direction ends by itself',
    put: engine =>
      withFeatures(engine, ({connect}) => ({
        connect: async (box, port, signal) => {
          const stream = await must(connect)(box, port, signal);
          stream.end = ((...args: unknown[]) => {
            stream.write(args[0] as string);
            stream.destroy();
            return stream;
          }) as typeof stream.end;
          return stream;
        },
      })),
  },
];

/** The bugless engine, asked through a socket where its config names one: there every call waits for an answer. */
export const seededPlugin = (name: string, put: Seeded['put'], isDeaf = false): Plugin<'engine', {socket?: string}> => ({
  kind: 'engine',
  name,
  api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'own', validate: value => ({value: value as {socket?: string}})}},
  create: async ({socket}, host) => {
    const checked = (await processPlugin.config['~standard'].validate({enabled: true})) as {value: never};
    const engine = put(await processPlugin.create(checked.value, host));
    if (socket === undefined) return engine;
    const aborted = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const answered = async (signal: AbortSignal): Promise<never> => {
      await Promise.race(isDeaf ? [asked(socket)] : [asked(socket), aborted(signal)]);
      throw host.fault('unavailable', 'the backend answered');
    };
    return {
      ...engine,
      probe: answered,
      create: (_spec, signal) => answered(signal),
      find: (_name, signal) => answered(signal),
      list: (_labels, signal) => answered(signal),
    };
  },
});
