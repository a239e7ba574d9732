/**
 * An engine as a stranger may write it: the scripted one, until a box's environment, or for calls about no box its process's, names a
 * call (`HOSTILE_AT`) and what goes wrong in it (`HOSTILE_DOES`). Loaded by agent and session host by this file's path, as any plugin is.
 */
import {setTimeout as delay} from 'node:timers/promises';
import type {Box, Chunk, Engine, Host, Labels, Plugin} from '../../packages/core/src/plugin-api/index.ts';
import scripted, {createScriptedEngine} from '../../packages/core/src/testing/scripted-engine.ts';

export type Misdeed = 'throw' | 'exit' | 'die' | 'throw-later' | 'spin' | 'allocate' | 'nonsense' | 'flood';

type Config = Parameters<typeof createScriptedEngine>[0];
const gibibyte = 1024 ** 3;

/** What the named call does instead, or before, what it should. */
async function misbehave(does: string, env: Labels): Promise<unknown> {
  switch (does as Misdeed) {
    case 'throw':
      throw 'not even an error';
    case 'exit':
      return process.exit(1);
    case 'die':
      return process.kill(process.pid, 'SIGKILL');
    case 'throw-later':
      setTimeout(() => {
        throw new Error('thrown where nobody waits');
      });
      return delay(60_000);
    case 'spin':
      return spin(Number(env['HOSTILE_MS']));
    case 'allocate':
      return allocate(2 * gibibyte).length;
    case 'nonsense':
      return {nonsense: true};
    case 'flood':
      return undefined;
  }
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** Touched, so that the machine has to find it. */
function allocate(bytes: number): Buffer[] {
  const kept: Buffer[] = [];
  for (let at = 0; at < bytes; at += gibibyte / 8) kept.push(Buffer.alloc(gibibyte / 8, 1));
  return kept;
}

/** Never waits for anything, and never ends. */
async function* flood(): AsyncGenerator<Chunk> {
  const bytes = Buffer.alloc(64 * 1024, 'flood\n');
  for (let offset = 0; ; offset += bytes.length) yield {stream: 'stdout', offset, bytes};
}

function hostile(env: Labels, call: string): Promise<unknown> | undefined {
  return env['HOSTILE_AT'] === call ? misbehave(env['HOSTILE_DOES'] ?? '', env) : undefined;
}

const isNonsense = (value: unknown): boolean => value instanceof Object && 'nonsense' in value;

const hostileBox = (inner: Box, env: Labels): Box => {
  const first = async <T>(call: string, work: () => Promise<T>): Promise<T> => {
    const done = await hostile(env, call);
    return isNonsense(done) ? (done as T) : work();
  };
  return {
    ...inner,
    inspect: signal => first('inspect', () => inner.inspect(signal)),
    start: (stdin, signal) => first('start', () => inner.start(stdin, signal)),
    stop: (graceMs, signal) => first('stop', () => inner.stop(graceMs, signal)),
    remove: signal => first('remove', () => inner.remove(signal)),
    wait: signal => first('wait', () => inner.wait(signal)),
    output: (from, signal) => {
      if (env['HOSTILE_AT'] !== 'output') return inner.output(from, signal);
      if (env['HOSTILE_DOES'] === 'flood') return flood();
      return after(hostile(env, 'output')!, () => inner.output(from, signal));
    },
  };
};

async function* after(deed: Promise<unknown>, output: () => AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  const done = await deed;
  if (isNonsense(done)) yield done as Chunk;
  yield* output();
}

const createHostile = async (config: Config, host: Host): Promise<Engine> => {
  const own = process.env as Labels;
  await hostile(own, 'load');
  const inner = createScriptedEngine(config, host);
  const envOf = ({labels}: Box): Labels => JSON.parse(labels['hostile'] ?? '{}') as Labels;
  const wrap = (box: Box) => hostileBox(box, envOf(box));
  return {
    ...inner,
    probe: async signal => {
      await hostile(own, 'probe');
      return inner.probe(signal);
    },
    create: async (spec, signal) => {
      const done = await hostile(spec.env, 'create');
      if (isNonsense(done)) return done as Box;
      // The environment of a box that is found again, by this process or another, is in its labels.
      return wrap(await inner.create({...spec, labels: {...spec.labels, hostile: JSON.stringify(spec.env)}}, signal));
    },
    find: async (name, signal) => {
      await hostile(own, 'find');
      const box = await inner.find(name, signal);
      return box === undefined ? undefined : wrap(box);
    },
    list: async (labels, signal) => {
      await hostile(own, 'list');
      return (await inner.list(labels, signal)).map(wrap);
    },
  };
};

export default {...scripted, name: 'hostile', create: createHostile} satisfies Plugin<'engine', Config>;
