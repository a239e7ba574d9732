import type {Hosts} from './hosts.ts';
import type {HeldRegistry} from './held-registry.ts';
import type {Jobs} from './jobs.ts';
import type {JobRow} from './journal.ts';
import type {Parts} from './steps/index.ts';

const POISON_CRASHES = 3;

/**
 * After a start: what the session host still holds, then every unfinished job, each as soon as its own engine answers. Jobs
 * that were just starting when the agent died are suspects and are taken one at a time (R27); nothing here waits for an
 * engine that hangs.
 */
export async function recover(
  parts: Parts & {readonly jobs: Jobs; readonly wasClean: boolean; readonly signal: AbortSignal},
): Promise<void> {
  await listHeld(parts.host, parts.held);
  const rows = [...parts.journal.jobs];
  for (const row of rows) {
    const of = {job: row.job, attempt: row.attempt};
    parts.outputs.adopt(of);
    if (row.result) parts.outputs.finish(of, row.result.logEnd, row.result.gaps);
    if (row.state === 'stored' && parts.outputs.isDelivered(of)) void parts.jobs.delivered(of).catch(() => undefined);
  }
  const open = rows.filter(row => row.state === 'accepted' || row.state === 'running');
  const suspects = open.filter(row => row.isStarting && row.state === 'accepted');
  const [suspect] = suspects;
  if (!parts.wasClean && suspect && suspects.length === 1) {
    suspect.suspicions += 1;
    await parts.journal.put(suspect);
  }
  for (const row of open)
    if (!suspects.includes(row))
      resume(parts, row).catch((error: unknown) => parts.log('not resumed', {job: row.job, error: String(error)}));
  void oneAtATime(parts, suspects).catch((error: unknown) => parts.log('not resumed', {error: String(error)}));
}

async function listHeld(host: Hosts, held: HeldRegistry): Promise<void> {
  for (const state of await host.listAlive()) held.update(state);
}

type Deps = Parameters<typeof recover>[0];

async function oneAtATime(parts: Deps, suspects: readonly JobRow[]): Promise<void> {
  for (const row of suspects) {
    if (row.suspicions >= POISON_CRASHES) {
      parts.jobs.resume(row).endEarly({kind: 'cancelled', reason: 'poison', graceMs: 0});
      continue;
    }
    await resume(parts, row);
    // Past the dangerous part, or over, before the next one is looked at.
    while (parts.journal.find(row.job) === row && row.isStarting && parts.jobs.find(row.job))
      await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** Its engine is asked first: a job on one that does not answer stays where it is. */
async function resume(parts: Deps, row: JobRow): Promise<void> {
  const isHere = parts.engines.entries.some(entry => entry.name === row.start.engine);
  if (isHere && row.cancel === undefined) await parts.engines.usable(row.start.engine, parts.signal);
  if (parts.journal.find(row.job) === row) parts.jobs.resume(row);
}
