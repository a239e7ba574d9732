import {createWriteStream, existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {pipeline} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {Readable} from 'node:stream';
import type {Box, BoxState, Chunk, Exit, Host, Offsets} from '../plugin-api/index.ts';
import {endsAt, killedBy, line, linesDue, scriptOf} from './scripted-script.ts';
import type {Store, Stored} from './scripted-store.ts';

const POLL_MS = 2;
const BATCH = 2_000;

export interface Scripted {
  readonly store: Store;
  readonly host: Host;
  /** Does what FAKE_FAIL_AT and FAKE_HANG_AT say of this call. */
  enter(call: string, env: Stored['spec']['env'], signal: AbortSignal): Promise<void>;
}

export const scriptedBox = (engine: Scripted, {spec}: Stored): Box => ({
  name: spec.name,
  labels: spec.labels,
  inspect: async signal => (await engine.enter('inspect', spec.env, signal), stateOf(engine.store, spec.name)),
  start: async (stdin, signal) => (await engine.enter('start', spec.env, signal), start(engine, spec.name, stdin)),
  stop: async (graceMs, signal) => (await engine.enter('stop', spec.env, signal), stop(engine, spec.name, graceMs, signal)),
  remove: async signal => (await engine.enter('remove', spec.env, signal), engine.store.drop(spec.name)),
  wait: async signal => (await engine.enter('wait', spec.env, signal), waitForEnd(engine, spec.name, signal)),
  output: (from, signal) => output(engine, spec.name, from, signal),
});

export const stateOf = (store: Store, name: string): BoxState => {
  const stored = store.read(name);
  if (stored === undefined) return {is: 'gone'};
  if (stored.startedAt === undefined) return {is: 'created'};
  const {ended, startedAt, spec} = stored;
  const at = ended?.at ?? endsAt(scriptOf(spec.env), startedAt, spec.main === 'hold');
  if (at > Date.now()) return {is: 'running', since: new Date(startedAt).toISOString()};
  return {is: 'exited', exit: ended?.exit ?? {code: scriptOf(spec.env).exit}, at: new Date(at).toISOString()};
};

/** Throws what no engine may be asked: the mistake is the caller's. */
const get = ({store}: Scripted, name: string, call: string): Stored => {
  const stored = store.read(name);
  if (stored === undefined) throw new Error(`${call} of ${name}, which was never created or is removed`);
  return stored;
};

const start = (engine: Scripted, name: string, stdin: Readable | undefined): void => {
  const {spec} = get(engine, name, 'start');
  const state = stateOf(engine.store, name);
  if (state.is === 'running') return;
  if (state.is === 'exited' && spec.main !== 'hold') throw new Error(`start of ${name}, which has ended`);
  if (scriptOf(spec.env).doesEcho) writeFileSync(engine.store.fileOf(name, 'stdin'), '');
  engine.store.write({spec, startedAt: Date.now()});
  if (stdin !== undefined) void take(engine, name, stdin);
};

const take = async (engine: Scripted, name: string, stdin: Readable): Promise<void> => {
  const isWhole = await pipeline(stdin, createWriteStream(engine.store.fileOf(name, 'stdin'))).then(
    () => true,
    () => false,
  );
  const stored = engine.store.read(name);
  if (stored === undefined || stored.ended !== undefined) return;
  const script = scriptOf(stored.spec.env);
  if (!isWhole) engine.store.write({...stored, ended: {exit: {code: 137}, at: Date.now()}});
  else if (script.doesEcho) engine.store.write({...stored, ended: {exit: {code: script.exit}, at: Date.now() + script.sleepMs}});
};

const stop = async (engine: Scripted, name: string, graceMs: number, signal: AbortSignal): Promise<void> => {
  const stored = engine.store.read(name);
  if (stored === undefined || stateOf(engine.store, name).is !== 'running') return;
  const {exit, afterMs} = killedBy(scriptOf(stored.spec.env).isDeaf, stored.spec.main === 'hold', graceMs);
  await delay(afterMs, undefined, {signal});
  if (stateOf(engine.store, name).is === 'running') engine.store.write({...stored, ended: {exit, at: Date.now()}});
};

const waitForEnd = async (engine: Scripted, name: string, signal: AbortSignal): Promise<Exit> => {
  const {startedAt} = get(engine, name, 'wait');
  if (startedAt === undefined) throw new Error(`wait for ${name}, which was not started`);
  for (;;) {
    const state = stateOf(engine.store, name);
    if (state.is === 'exited') return state.exit;
    if (state.is === 'gone') throw engine.host.fault('not-found', `no box ${name}`);
    await pause(engine, name, signal);
  }
};

/** Until something can have happened: the end that is known, or a stop by somebody else. */
const pause = async ({store}: Scripted, name: string, signal: AbortSignal): Promise<void> => {
  const stored = store.read(name);
  const script = scriptOf(stored?.spec.env ?? {});
  const end = endsAt(script, stored?.startedAt ?? Date.now(), stored?.spec.main === 'hold') - Date.now();
  await store.nextWrite(name, Math.max(POLL_MS, Math.min(end, stored?.spec.main === 'hold' ? 20 : 10)), signal);
};

async function* output(engine: Scripted, name: string, from: Offsets, signal: AbortSignal): AsyncGenerator<Chunk> {
  const {spec} = get(engine, name, 'output');
  await engine.enter('output', spec.env, signal);
  const script = scriptOf(spec.env);
  const at = {stdout: 0, stderr: 0};
  const said = {stdout: 0, stderr: 0};
  for (;;) {
    signal.throwIfAborted();
    const stored = engine.store.read(name);
    const hasEnded = ['exited', 'gone'].includes(stateOf(engine.store, name).is);
    const afterMs = (stored?.ended?.at ?? Date.now()) - (stored?.startedAt ?? Date.now());
    let isIdle = true;
    for (const stream of ['stdout', 'stderr'] as const) {
      const due =
        stored?.startedAt === undefined ? 0 : linesDue(script, stream, hasEnded && stored.ended === undefined ? script.sleepMs : afterMs);
      const isEcho = stream === 'stdout' && script.doesEcho;
      const bytes = isEcho ? stdinFrom(engine.store, name, at.stdout) : nextLines(stream, said, due);
      if (bytes.length === 0) continue;
      isIdle = false;
      const known = Math.max(0, from[stream] - at[stream]);
      if (known < bytes.length) yield {stream, offset: at[stream] + known, bytes: bytes.subarray(known)};
      at[stream] += bytes.length;
    }
    if (hasEnded && isIdle) return;
    if (isIdle) await pause(engine, name, signal);
  }
}

const nextLines = (stream: Chunk['stream'], said: {stdout: number; stderr: number}, due: number): Buffer => {
  const first = said[stream];
  said[stream] = Math.min(due, first + BATCH);
  let text = '';
  for (let index = first; index < said[stream]; index += 1) text += line(stream, index);
  return Buffer.from(text);
};

const stdinFrom = (store: Store, name: string, offset: number): Buffer => {
  const file = store.fileOf(name, 'stdin');
  if (!existsSync(file) || statSync(file).size <= offset) return Buffer.alloc(0);
  return readFileSync(file).subarray(offset);
};
