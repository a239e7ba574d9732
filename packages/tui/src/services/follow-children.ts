import {setTimeout as delay} from 'node:timers/promises';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {followJob, type FollowHandlers} from './follow-job.ts';

const mostAtOnce = 64;
const lookEveryMs = 500;

/** Follows every child of a job, also those that appear later, and resolves to the parent's last view. */
export async function followChildren(
  client: Client,
  parent: JobView,
  options: {readonly signal: AbortSignal; readonly handlersOf: (child: JobView) => FollowHandlers & {end(): Promise<void>}},
): Promise<JobView> {
  const known = new Set<string>();
  const turns = new Turns(mostAtOnce);
  const followers: Promise<void>[] = [];
  const follow = async (child: JobView) => {
    await turns.take();
    try {
      const handlers = options.handlersOf(child);
      await followJob(client, {job: child.id, signal: options.signal}, handlers);
      await handlers.end();
    } finally {
      turns.give();
    }
  };
  const look = async () => {
    for (const child of await listChildren(client, parent.id)) {
      if (known.has(child.id)) continue;
      known.add(child.id);
      const following = follow(child);
      // Met below, when all are waited for.
      following.catch(() => undefined);
      followers.push(following);
    }
  };
  const parentEnd = followJob(client, {job: parent.id, from: {}, signal: options.signal}, {});
  let hasEnded = false;
  const watched = parentEnd.finally(() => (hasEnded = true));
  watched.catch(() => undefined);
  while (!hasEnded) {
    await look();
    await Promise.race([watched.catch(() => undefined), delay(lookEveryMs)]);
  }
  await look();
  await Promise.all(followers);
  return watched;
}

export async function listChildren(client: Client, parent: string): Promise<readonly JobView[]> {
  const children: JobView[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.jobsList({query: {parent, limit: 1000, cursor}});
    children.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined) return children.toReversed();
  }
}

/** At most so many at once; the others wait in order. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  constructor(count: number) {
    this.#free = count;
  }
  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
  }
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
