import {existsSync, openSync, readSync, closeSync} from 'node:fs';
import {BoxyardError, asBoxyardError, toWire} from '@boxyard/core/errors';
import type {FromAgent, FromServer, Query} from '@boxyard/core/protocol';
import {parseImageRef} from '@boxyard/core/security/image-ref';
import type {Inventory} from './inventory.ts';
import {lengthsOf, listSegments, spoolDir} from './session-host/spool.ts';
import type {Parts} from './steps/index.ts';

type Asked = Extract<FromServer, {type: 'query'}>;

/** Questions without a job: answered from what the engines say now, within the query deadline. */
export async function answer(message: Asked, parts: Parts, inventory: Inventory): Promise<Extract<FromAgent, {type: 'query.answer'}>> {
  try {
    return {type: 'query.answer', query: message.query, value: await valueOf(message.of, parts, inventory)};
  } catch (error) {
    return {type: 'query.answer', query: message.query, error: toWire(asBoxyardError(error))};
  }
}

async function valueOf(query: Query, parts: Parts, inventory: Inventory): Promise<unknown> {
  switch (query.ask) {
    case 'container.list':
      return (await allBoxes(parts, inventory)).filter(box => box.labels['io.boxyard.tenant'] === query.tenant);
    case 'container.list-all':
      return allBoxes(parts, inventory);
    case 'container.stats':
      return stats(query.box, parts);
    case 'images.list':
      return onEach(parts, async (engine, signal) => (await engine.features.images?.list(signal)) ?? []);
    case 'image.check':
      return onEach(parts, async (engine, signal) => [await engine.features.images?.find(parseImageRef(query.ref) && query.ref, signal)]);
    case 'container.exec.background.capture':
      return capture(query, parts);
  }
}

async function allBoxes(parts: Parts, inventory: Inventory) {
  const usable = parts.engines.entries.filter(entry => entry.probe.usable);
  await Promise.all(usable.map(entry => inventory.look(entry.name)));
  return usable.flatMap(({name}) => inventory.seen(name).map(box => ({...box, engine: name})));
}

type Ask = (engine: Parts['engines']['entries'][number]['engine'], signal: AbortSignal) => Promise<readonly unknown[]>;

/** An engine that answers late must not cost the answers of the others: the server waits no longer than for the whole. */
const ENGINE_SHARE = 0.8;

/** Per engine what it said; one that fails is left out. */
async function onEach(parts: Parts, ask: Ask): Promise<unknown[]> {
  const usable = parts.engines.entries.filter(entry => entry.probe.usable);
  const answers = await Promise.allSettled(
    usable.map(({name}) => parts.engines.call(name, 'query', ask, {ms: parts.timing.query * ENGINE_SHARE})),
  );
  return answers.flatMap((one, index) =>
    one.status === 'fulfilled'
      ? one.value.filter(value => value !== undefined).map(value => ({...(value as object), engine: usable[index]!.name}))
      : [],
  );
}

async function stats(name: string, parts: Parts): Promise<unknown> {
  for (const entry of parts.engines.entries) {
    if (!entry.probe.usable) continue;
    const sample = await parts.engines.call(
      entry.name,
      'stats',
      async (engine, signal) => {
        const box = await engine.find(name, signal);
        if (box?.labels['io.boxyard.agent'] !== parts.worker.machine) return undefined;
        if (!engine.features.stats) throw new BoxyardError('UNSUPPORTED', {what: 'stats', by: entry.name});
        return engine.features.stats(box, signal);
      },
      {ms: parts.timing.query},
    );
    if (sample) return sample;
  }
  throw new BoxyardError('NOT_FOUND', {what: 'container', name});
}

const CAPTURE_BYTES = 64 * 1024;

function capture(query: Extract<Query, {ask: 'container.exec.background.capture'}>, parts: Parts): object {
  const row = parts.journal.find(query.job);
  if (!row) throw new BoxyardError('NOT_FOUND', {what: 'job', name: query.job});
  const dir = spoolDir(parts.stateDir, row.job, row.attempt);
  const segments = listSegments(dir).filter(one => one.stream === query.stream);
  const found = segments.find(one => query.from < one.start + one.size);
  const length = lengthsOf(segments)[query.stream];
  if (!found || !existsSync(found.path)) return {from: query.from, length, bytes: ''};
  const from = Math.max(query.from, found.start);
  const buffer = Buffer.alloc(Math.min(CAPTURE_BYTES, found.start + found.size - from));
  const fd = openSync(found.path, 'r');
  try {
    const read = readSync(fd, buffer, 0, buffer.length, from - found.start);
    return {from, length, bytes: buffer.subarray(0, read).toString('base64')};
  } finally {
    closeSync(fd);
  }
}
