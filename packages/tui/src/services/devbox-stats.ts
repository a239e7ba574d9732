import type {Client} from '@boxyard/core/client';
import {asBoxyardError, entryOf, toWire} from '@boxyard/core/errors';
import type {StatsRow} from '../output/views/devboxes.ts';

const mostAtOnce = 16;

/** Figures of the named DevBoxes, or of all that run. One that has none is told why; a server that does not answer is an error. */
export async function statsOf(client: Client, names: readonly string[], signal?: AbortSignal): Promise<readonly StatsRow[]> {
  const wanted = names.length > 0 ? [...new Set(names)] : await running(client, signal);
  const rows: StatsRow[] = [];
  for (let at = 0; at < wanted.length; at += mostAtOnce)
    rows.push(...(await Promise.all(wanted.slice(at, at + mostAtOnce).map(name => rowOf(client, name, signal)))));
  return rows;
}

const running = async (client: Client, signal: AbortSignal | undefined): Promise<readonly string[]> =>
  (await client.devboxesList({signal})).items.filter(box => box.state === 'running').map(box => box.name);

async function rowOf(client: Client, name: string, signal: AbortSignal | undefined): Promise<StatsRow> {
  try {
    return {name, stats: await client.devboxesStats({devbox: name, signal})};
  } catch (thrown) {
    const error = asBoxyardError(thrown);
    const {exit} = entryOf(error.code);
    // The server itself, or what it thinks of us, is the same for all.
    if (signal?.aborted === true || exit === 4 || exit === 8) throw error;
    return {name, error: toWire(error)};
  }
}
