import {createEventHub} from './events/events.ts';
import {createEventStore} from './events/store.ts';
import {type Alarm} from './jobs/alarm.ts';
import {silentQueue, type JobQueue} from './jobs/queue.ts';
import {dueAt, hasOwnSecretsLeft, isOnWorker, type JobRecord} from './jobs/rules-record.ts';
import {createReportSecrets} from './jobs/report-secrets.ts';
import {createAttemptIds} from './jobs/attempt-ids.ts';
import {JobStore} from './jobs/store.ts';
import {JobWatchers} from './jobs/watchers.ts';
import {createLeases} from './workers/store-connect.ts';
import {createServerMarks} from './workers/store-servers.ts';
import {createWorkerStore} from './workers/store.ts';
import {WorkerTable, createTableNews, noteRoom} from './workers/table.ts';
import type {JobCoreOptions} from './job-core.ts';

/** What is set once the queue is open, and while placement rests. */
interface Bells {
  queue: JobQueue;
  pausedUntil: number;
  alarm?: Alarm;
}

/** Redis as the job core sees it: what is stored, and this server's view of it. */
export async function createStorage(options: JobCoreOptions) {
  const {rim, timing, serverId} = options;
  const workers = createWorkerStore(rim, serverId);
  await workers.begin();
  const table = new WorkerTable();
  const news = createTableNews(workers, table);
  table.reset(await workers.readAll());
  for (const entry of table.all()) entry.used = await workers.used(entry.record.id);
  await rim.ask(redis => redis.setnx(rim.keys.incarnation, '1'));
  const bells: Bells = {queue: silentQueue, pausedUntil: 0};
  const rings: {ring: (worker: string) => void} = {ring: () => undefined};
  const nudge = (things: readonly string[]) => bells.queue.nudge(things);
  const watchers: JobWatchers = new JobWatchers(() => store);
  const noteDue = (at: number) => bells.alarm?.note(at);
  const onChange = (before: JobRecord | undefined, after: JobRecord) => {
    watchers.changed(after);
    // The bell rings too, for whichever server holds the socket; here it need not be waited for.
    if (isOnWorker(after) && after.worker !== undefined && (before?.state === 'queued' || before?.cancel !== after.cancel))
      rings.ring(after.worker.id);
    noteRoom(table, before, after);
    const at = dueAt(after);
    if (at !== undefined && at > 0) noteDue(at);
    if (hasOwnSecretsLeft(before, after))
      void options.secrets.forgetJob(after.tenant, after.id).catch((error: unknown) => options.onFault(error, after.id));
  };
  const store: JobStore = new JobStore({
    rim,
    timing,
    attemptIds: createAttemptIds(options.attemptKey),
    nudge,
    onChange,
    onDamaged: id => options.onFault(new Error('what Redis has under the key of this job is no record of it'), id),
    mostUnfinished: options.mostUnfinished,
  });
  const leases = createLeases(rim, {id: serverId, url: ''});
  const marks = createServerMarks(rim, serverId, timing.lease);
  await marks.mark();
  const eventStore = createEventStore(rim);
  const reportSecrets = createReportSecrets(options.attemptKey);
  const events = createEventHub(eventStore);
  return {workers, table, news, bells, rings, nudge, noteDue, watchers, store, leases, marks, eventStore, events, reportSecrets};
}
