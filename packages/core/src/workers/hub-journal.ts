import {hasEnded, isOnWorker, type JobRecord, versionPrefix} from '../jobs/rules-record.ts';
import {addStart} from '../jobs/store-effects.ts';
import {jobsOnWorker} from '../jobs/store-lists.ts';
import type {JobStore} from '../jobs/store.ts';
import type {FromAgent, JournalEntry} from '../protocol/index.ts';
import type {z} from 'zod';
import type {AgentLink} from './agent-link.ts';
import {recoverJob} from './recover-job.ts';

type Journal = Extract<FromAgent, {type: 'worker.journal'}>;

/** Compares what the agent holds with what Redis remembers: either may have forgotten (R3). `since`: when the connection began. */
export async function onJournal(store: JobStore, link: AgentLink, message: Journal, since: number): Promise<void> {
  for (const entry of message.jobs) await compare(store, link, entry);
  const held = new Set(message.jobs.map(entry => entry.job));
  const {worker, name} = link.identity;
  for (const record of await store.readMany(await jobsOnWorker(store, worker))) {
    if (record === undefined || held.has(record.id) || !isOnWorker(record) || record.worker?.id !== worker) continue;
    if (record.sentAt === undefined || record.sentAt >= since) continue;
    // Sent before this connection and never heard of: the command may be lost with what confirmed it. It is idempotent.
    if (record.acceptedAt === undefined) {
      await resend(store, record);
      continue;
    }
    // Journalled before this connection and not held now: the agent lost its state directory.
    if (record.acceptedAt >= since) continue;
    await store.step(record.id, {type: 'lost', code: 'agent_forgot', message: `${name} no longer knows this job.`}, {actor: 'server'});
  }
}

/** Puts the start into the outbox once more; nothing where the job went on meanwhile. */
async function resend(store: JobStore, record: JobRecord): Promise<void> {
  const context = store.context();
  await store.rim.commit(change => {
    change.is('job', store.rim.keys.job(record.id), versionPrefix(record.v));
    addStart(change, record, context);
  });
}

async function compare(store: JobStore, link: AgentLink, entry: z.infer<typeof JournalEntry>): Promise<void> {
  const {worker, name, tenant} = link.identity;
  const record = await store.read(entry.job);
  if (record === undefined) {
    await recoverJob(store, link, entry, entry.state === 'accepted' ? 'sent' : 'running');
    return;
  }
  if (record.tenant !== tenant) return;
  if (record.attempt.id === entry.attempt.id) {
    // Its result was stored, acknowledged, and then forgotten.
    if (entry.state === 'ended' && isOnWorker(record)) link.send({type: 'job.ask', job: entry.job, attempt: entry.attempt});
    return;
  }
  const isAhead = entry.attempt.number > record.attempt.number;
  const wasForgotten = entry.attempt.number === record.attempt.number && record.state === 'queued';
  const isSent = store.attemptIds.isOf(entry.attempt.id, entry.job, worker);
  if (!hasEnded(record) && isSent && (isAhead || wasForgotten)) {
    await store.step(
      entry.job,
      {type: 'recovered', attempt: entry.attempt, worker: {id: worker, name}, isRunning: entry.state !== 'accepted'},
      {actor: `worker:${name}`},
    );
    return;
  }
  if (entry.state !== 'ended') link.send({type: 'job.superseded', job: entry.job, attempt: entry.attempt});
}
