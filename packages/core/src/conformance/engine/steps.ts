/** What the cases have in common: reading to the end, running to the end, and what a refusal must say. */
import assert from 'node:assert/strict';
import {setTimeout as delay} from 'node:timers/promises';
import type {Readable} from 'node:stream';
import type {Box, BoxSpec, Chunk, Command, Engine, Exit, Fault, Lab} from '../../plugin-api/index.ts';

export interface Bytes {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export const START = {stdout: 0, stderr: 0} as const;

/** Reads to the end, and checks on the way that no byte is missing or doubled. */
export const collect = async (source: AsyncIterable<Chunk>, from: {stdout: number; stderr: number} = START): Promise<Bytes> => {
  const parts: Record<Chunk['stream'], Buffer[]> = {stdout: [], stderr: []};
  const next = {...from};
  for await (const {stream, offset, bytes} of source) {
    assert.equal(offset, next[stream], `${stream} goes on where it stopped`);
    next[stream] += bytes.length;
    parts[stream].push(Buffer.from(bytes));
  }
  return {stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr)};
};

export interface Ran extends Bytes {
  readonly box: Box;
  readonly exit: Exit;
}

/** A whole job, output opened before the start. The box is still there afterwards. */
export const runToEnd = async (engine: Engine, lab: Lab, change: Partial<BoxSpec>, stdin?: Readable): Promise<Ran> => {
  const box = await engine.create(lab.spec(change), lab.signal);
  const output = collect(box.output(START, lab.signal));
  output.catch(() => undefined);
  await box.start(stdin, lab.signal);
  const [bytes, exit] = await Promise.all([output, box.wait(lab.signal)]);
  return {box, exit, ...bytes};
};

/** A box that stays up until it is removed. */
export const startHeld = async (engine: Engine, lab: Lab, change: Partial<BoxSpec> = {}): Promise<Box> => {
  const box = await engine.create(lab.spec({main: 'hold', ...change}), lab.signal);
  await box.start(undefined, lab.signal);
  return box;
};

export const execToEnd = async (
  engine: Engine,
  lab: Lab,
  box: Box,
  {stdin = '', ...command}: Command & {readonly stdin?: Uint8Array | string},
): Promise<Bytes & {exit: Exit}> => {
  const process = await must(engine.features.exec)(box, command, lab.signal);
  const output = collect(process.output);
  process.stdin.end(stdin);
  const bytes = await output;
  return {...bytes, exit: await process.wait()};
};

export const must = <T>(feature: T | undefined): T => {
  assert.ok(feature !== undefined, 'the case names the features it needs');
  return feature;
};

/** Resolves when the output has this text in it: a case waits for a sign, never for a time. */
export const waitForText = async (source: AsyncIterable<Chunk>, text: string): Promise<AsyncIterator<Chunk>> => {
  const chunks = source[Symbol.asyncIterator]();
  let seen = '';
  while (!seen.includes(text)) {
    const next = await chunks.next();
    assert.ok(next.done !== true, `the output ended before it said ${JSON.stringify(text)}; it said ${JSON.stringify(seen)}`);
    seen += Buffer.from(next.value.bytes).toString();
  }
  return chunks;
};

/** The same where nothing more is wanted of the output: whoever drops a reading that has begun leaves its files open. */
export const seeText = async (source: AsyncIterable<Chunk>, text: string): Promise<void> => {
  const rest = await waitForText(source, text);
  await rest.return?.();
};

export const eventually = async (what: string, lab: Lab, isTrue: () => Promise<boolean>, withinMs = 10_000): Promise<void> => {
  const until = Date.now() + withinMs;
  while (!(await isTrue())) {
    assert.ok(Date.now() < until, `${what} within ${withinMs} ms`);
    await delay(25, undefined, {signal: lab.signal});
  }
};

/** A fault of the plugin's, bare or inside the host's error. */
export const rejectsWith = async (work: Promise<unknown>, fault: Fault): Promise<void> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error !== undefined, `it should be refused as ${fault}`);
  const found = faultOf(error) ?? faultOf((error as {cause?: unknown}).cause);
  assert.equal(found, fault, `refused with ${String(error)}`);
};

const faultOf = (error: unknown): unknown => (error as {fault?: unknown} | undefined)?.fault;

export const sh = (script: string, ...args: string[]): string[] => ['sh', '-c', script, 'sh', ...args];
