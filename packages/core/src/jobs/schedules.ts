import {openConsumer, openSchedules} from '../rim/bullmq.ts';
import type {RedisRim} from '../rim/redis.ts';

export interface SchedulesOptions {
  readonly rim: RedisRim;
  readonly sweepMs: number;
  /** Looks at everything overdue; may run twice at once. */
  readonly sweep: () => Promise<void>;
  /** Trims history and streams; once a minute. */
  readonly tidy: () => Promise<void>;
  readonly onFailure: (name: string, error: unknown) => void;
}

/** The repeating entries: the sweep over `due`, and tidying. */
export async function startSchedules(options: SchedulesOptions): Promise<{close(): Promise<void>}> {
  const schedules = await openSchedules(options.rim, 'schedules', [
    {name: 'sweep', everyMs: options.sweepMs},
    {name: 'tidy', everyMs: 60_000},
  ]);
  const consumer = openConsumer(options.rim, 'schedules', {
    concurrency: 2,
    deadlineMs: 30_000,
    process: thing => (thing === 'sweep' ? options.sweep() : options.tidy()),
    onFailure: options.onFailure,
  });
  return {
    close: async () => {
      await consumer.close();
      await schedules.close();
    },
  };
}
