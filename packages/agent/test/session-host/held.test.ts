import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {expect, onTestFinished, test} from 'vitest';
import {newAttemptId, newId} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import type {Box, Engine} from '@boxyard/core/plugin-api';
import {createHost} from '@boxyard/core/plugin-host';
import {createScriptedEngine} from '@boxyard/core/testing';
import {FoundBoxes} from '../../src/session-host/found-boxes.ts';
import {Held} from '../../src/session-host/held.ts';
import {JobOutput} from '../../src/session-host/job-output.ts';
import {Spool, listSegments} from '../../src/session-host/spool.ts';

type Start = Box['start'];

/** A job held on an engine whose `start` is `wrong`, given the one that is right. */
async function holding(wrong: (right: Start) => Start, stdin = false) {
  const dir = mkdtempSync(join(tmpdir(), 'held-'));
  const engine = createScriptedEngine(
    {latencyMs: 0, enforces: []},
    createHost('scripted', dir, () => undefined),
  );
  const env = {FAKE_OUTPUT_LINES: '5', FAKE_EXIT: '3', FAKE_SLEEP_MS: '300', ...(stdin ? {FAKE_ECHO: '1'} : {})};
  const box = {labels: {}, stdin, limits: {}, mounts: [], ports: [], readOnlyRoot: false, main: ['x'], env, name: 'box'};
  await engine.create(box, AbortSignal.timeout(5_000));
  const find: Engine['find'] = async (name, signal) => {
    const found = await engine.find(name, signal);
    return found && {...found, start: wrong(found.start)};
  };
  const of = {job: newId('j'), attempt: {number: 1, id: newAttemptId()}};
  const spoolDir = join(dir, 'spool');
  const output = new JobOutput(of, new Spool(spoolDir), {onSpooled: () => undefined, onProgress: () => undefined});
  const message = {type: 'run' as const, id: 1, ...of, slot: 'main', engine: 'scripted', box: 'box', stdin, secrets: []};
  const held = new Held(message, {
    engine: {...engine, find},
    found: new FoundBoxes(),
    output,
    spoolDir,
    onState: () => undefined,
    onTerminal: () => undefined,
    onStdin: () => undefined,
    lookMs: 50,
  });
  return {
    held,
    engine,
    gaps: () => output.gaps,
    stdout: () =>
      Buffer.concat(
        listSegments(spoolDir)
          .filter(one => one.stream === 'stdout')
          .map(one => readFileSync(one.path)),
      ).toString(),
    [Symbol.dispose]: () => (held.abandon(), rmSync(dir, {recursive: true, force: true})),
  };
}

const failsAfterSuccess =
  (right: Start): Start =>
  async (stdin, signal) => {
    await right(stdin, signal);
    throw new BoxyardError('ENGINE_FAILED', {engine: 'scripted', issue: 'internal error'});
  };
const silentAfterSuccess =
  (right: Start): Start =>
  async (stdin, signal) => {
    await right(stdin, signal);
    await delay(2 ** 30, undefined, {signal, ref: false});
  };

test.each([
  ['says that it did not', failsAfterSuccess],
  ['says nothing', silentAfterSuccess],
])('an engine that starts a program and %s costs no byte and no end', async (_, wrong) => {
  using at = await holding(wrong);
  await at.held.ended;
  expect(at.held.state).toMatchObject({is: 'ended', exit: {code: 3}});
  expect(at.stdout().split('\n')).toHaveLength(6);
  expect(at.gaps()).toEqual([]);
});

test('a program that may have lost its input in such a start is stopped, not left to take that for an end', async () => {
  using at = await holding(failsAfterSuccess, true);
  await at.held.ended;
  expect(at.held.state).toMatchObject({is: 'failed', error: {code: 'INTERRUPTED'}});
  const box = await at.engine.find('box', AbortSignal.timeout(5_000));
  expect((await box!.inspect(AbortSignal.timeout(5_000))).is).toBe('exited');
});

test('a start that is refused is a failure', async () => {
  using at = await holding(() => async () => {
    throw new BoxyardError('ENGINE_FAILED', {engine: 'scripted', issue: 'no'});
  });
  await at.held.ended;
  expect(at.held.state).toMatchObject({is: 'failed', error: {code: 'ENGINE_FAILED'}});
});

test('a box that was found for an exec is not looked for again, until an exec in it is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'held-'));
  const scripted = createScriptedEngine(
    {latencyMs: 0, enforces: []},
    createHost('scripted', dir, () => undefined),
  );
  const signal = AbortSignal.timeout(20_000);
  const spec = {labels: {}, stdin: false, limits: {}, mounts: [], ports: [], readOnlyRoot: false, main: 'hold' as const, env: {}};
  const box = await scripted.create({...spec, name: 'box'}, signal);
  await box.start(undefined, signal);
  let looks = 0;
  const engine: Engine = {...scripted, find: (name, call) => ((looks += 1), scripted.find(name, call))};
  const found = new FoundBoxes();
  const run = async (slot: string) => {
    const of = {job: newId('j'), attempt: {number: 1, id: newAttemptId()}};
    const spoolDir = join(dir, 'spool', of.job);
    const output = new JobOutput(of, new Spool(spoolDir), {onSpooled: () => undefined, onProgress: () => undefined});
    const command = {argv: ['true'], env: {}};
    const message = {type: 'exec' as const, id: 1, ...of, slot, engine: 'scripted', box: 'box', stdin: false, secrets: [], command};
    const none = () => undefined;
    const held = new Held({...message, into: 'own'}, {engine, found, output, spoolDir, onState: none, onTerminal: none, onStdin: none});
    await held.ended;
    return held.state.is;
  };
  try {
    expect([await run('a'), await run('b')]).toEqual(['ended', 'ended']);
    expect(looks).toBe(1);
    await box.remove(signal);
    expect([await run('c'), await run('d')]).toEqual(['failed', 'failed']);
    expect(looks).toBe(2);
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
});

test('the end of a helper, as of one that writes secret files, lets nothing go of what the program has begun to say', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'held-'));
  onTestFinished(() => rmSync(dir, {recursive: true, force: true}));
  const engine = createScriptedEngine(
    {latencyMs: 0, enforces: []},
    createHost('scripted', dir, () => undefined),
  );
  const secret = 'abcdefghijklmnopqrstuvwxyz';
  const rest = Promise.withResolvers<void>();
  const find: Engine['find'] = async (name, signal) => {
    const found = await engine.find(name, signal);
    const output: Box['output'] = async function* () {
      yield {stream: 'stdout', offset: 0, bytes: Buffer.from(`said ${secret.slice(0, 13)}`)};
      await rest.promise;
      yield {stream: 'stdout', offset: 18, bytes: Buffer.from(`${secret.slice(13)}\n`)};
    };
    return found && {...found, output};
  };
  const env = {FAKE_EXIT: '0', FAKE_SLEEP_MS: '300'};
  const box = {labels: {}, stdin: false, limits: {}, mounts: [], ports: [], readOnlyRoot: false, main: ['x'], env, name: 'box'};
  await engine.create(box, AbortSignal.timeout(5_000));
  const of = {job: newId('j'), attempt: {number: 1, id: newAttemptId()}};
  const spoolDir = join(dir, 'spool');
  const output = new JobOutput(of, new Spool(spoolDir), {onSpooled: () => undefined, onProgress: () => undefined});
  const nothing = () => undefined;
  const deps = {engine: {...engine, find}, output, spoolDir, onState: nothing, onTerminal: nothing, onStdin: nothing, lookMs: 50};
  const message = {id: 1, ...of, engine: 'scripted', box: 'box', stdin: false, secrets: [secret]};
  const main = new Held({type: 'run', ...message, slot: 'main'}, {...deps, found: new FoundBoxes()});
  await main.started;
  const command = {argv: ['x'], env: {}, stdin: false};
  const helper = new Held({type: 'exec', ...message, slot: 'secrets-0', command, into: 'log'}, {...deps, found: new FoundBoxes()});
  await helper.ended;
  rest.resolve();
  await main.ended;
  const stdout = listSegments(spoolDir).filter(one => one.stream === 'stdout');
  expect(Buffer.concat(stdout.map(one => readFileSync(one.path))).toString()).toBe(`said ${'*'.repeat(26)}\n`);
});
