import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import type {Gap, OutputName} from '@boxyard/core/protocol';

export interface FollowHandlers {
  /** Awaited before the next bytes are taken, so that a slow reader slows the job's output down and not our memory up. */
  bytes?(stream: OutputName, bytes: Uint8Array, offset?: number): Promise<void> | void;
  job?(job: JobView): void;
  gap?(gap: Gap): void;
  /** The connection has been away for some seconds, or is back. */
  away?(isAway: boolean): void;
}
export interface FollowOptions {
  readonly job: string;
  /** Absent: all three streams from the start; `{}`: none. */
  readonly from?: Partial<Record<OutputName, number>> | undefined;
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

const silentMs = 3_000;

/** Hands on what a job writes until it has ended and everything came; resolves to its last view. Goes on through lost connections. */
export async function followJob(client: Client, options: FollowOptions, handlers: FollowHandlers): Promise<JobView> {
  let awayNote: NodeJS.Timeout | undefined;
  let isAway = false;
  let last: JobView | undefined;
  const offline = () =>
    (awayNote ??= setTimeout(() => {
      isAway = true;
      handlers.away?.(true);
    }, silentMs));
  const online = () => {
    clearTimeout(awayNote);
    awayNote = undefined;
    if (isAway) handlers.away?.(false);
    isAway = false;
  };
  try {
    for await (const item of client.attach(options)) {
      if (item.type === 'bytes') await handlers.bytes?.(item.stream, item.bytes, item.offset);
      else if (item.type === 'gap') handlers.gap?.(item.gap);
      else if (item.type === 'offline') offline();
      else if (item.type === 'online') online();
      else if (item.type !== 'attempt') handlers.job?.((last = item.job));
    }
  } finally {
    clearTimeout(awayNote);
  }
  options.signal?.throwIfAborted();
  return last?.state === 'ended' ? last : client.jobsShow({job: options.job});
}
