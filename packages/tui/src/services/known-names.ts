import {join} from 'node:path';
import type {Client} from '@boxyard/core/client';
import {readPrivate, writePrivate, type Paths} from '@boxyard/core/config';
import type {Names} from './complete.ts';

const answerMs = 300;
const freshMs = 3_000;
const usefulMs = 600_000;

const ask: Readonly<Record<Names, (client: Client) => Promise<readonly string[]>>> = {
  devboxes: async client => (await client.devboxesList({requestTimeoutMs: answerMs})).items.map(box => box.name),
  workers: async client => (await client.workersList({requestTimeoutMs: answerMs})).items.map(worker => worker.name),
  jobs: async client => (await client.jobsList({query: {limit: 50}, requestTimeoutMs: answerMs})).items.map(job => job.id),
  secrets: async client => (await client.secretsList({requestTimeoutMs: answerMs})).items.map(secret => secret.name),
  tokens: async client => (await client.tokensList({requestTimeoutMs: answerMs})).items.map(token => token.name),
  tenants: async client => (await client.tenantsList({requestTimeoutMs: answerMs})).items.map(tenant => tenant.name),
  webhooks: async client => (await client.webhooksList({requestTimeoutMs: answerMs})).items.map(hook => hook.name),
  images: async client => (await client.imagesList({requestTimeoutMs: answerMs})).items.flatMap(image => image.refs),
};

interface Kept {
  readonly server: string;
  readonly at: number;
  readonly names: readonly string[];
}

/**
 * Names of objects for the completion of a shell, within 0.3 s: asked for at most every few seconds, and those of the last
 * minutes where the server does not answer in time.
 */
export async function knownNames(
  client: Client,
  names: Names,
  {paths, now}: {readonly paths: Paths; readonly now: number},
): Promise<readonly string[]> {
  const file = join(paths.cache, `names-${names}.json`);
  const kept = read(file);
  const age = kept?.server === client.server ? now - kept.at : Infinity;
  if (kept !== undefined && age >= 0 && age < freshMs) return kept.names;
  try {
    const found = [...new Set(await ask[names](client))];
    keep(file, {server: client.server, at: now, names: found});
    return found;
  } catch {
    return kept !== undefined && age < usefulMs ? kept.names : [];
  }
}

function read(file: string): Kept | undefined {
  try {
    const text = readPrivate(file);
    return text === undefined ? undefined : (JSON.parse(text) as Kept);
  } catch {
    return undefined;
  }
}

function keep(file: string, kept: Kept): void {
  try {
    writePrivate(file, JSON.stringify(kept));
  } catch {
    // A cache that cannot be written is asked again.
  }
}
