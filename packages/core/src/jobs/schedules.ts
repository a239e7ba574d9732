import {openConsumer, openSchedules} from '../rim/bullmq.ts';
import type {RedisRim} from '../rim/redis.ts';

export interface SchedulesOptions {
  readonly rim: RedisRim;
  readonly sweepMs: number;
  /** Looks at everything overdue; may run twice at once. */
  readonly sweep: () => Promise<void>;
  /** Copies what was decided to the audit file; as often as the sweep. */
  readonly audit: () => Promise<void>;
  /** Trims history and streams; once a minute. */
  readonly tidy: () => Promise<void>;
  readonly onFailure: (name: string, error: unknown) => void;
}

/** The repeating entries: the sweep over `due`, and tidying. */
export async function startSchedules(options: SchedulesOptions): Promise<{close(): Promise<void>}> {
  const schedules = await openSchedules(options.rim, 'schedules', [
    {name: 'sweep', everyMs: options.sweepMs},
    {name: 'audit', everyMs: options.sweepMs},
    {name: 'tidy', everyMs: 60_000},
  ]);
  const {sweep, audit, tidy} = options;
  const works: Readonly<Record<string, () => Promise<void>>> = {sweep, audit, tidy};
  const consumer = openConsumer(options.rim, 'schedules', {
    concurrency: 3,
    deadlineMs: 30_000,
    process: async thing => works[thing]?.(),
    onFailure: options.onFailure,
  });
  return {
    close: async () => {
      await consumer.close();
      await schedules.close();
    },
  };
}
