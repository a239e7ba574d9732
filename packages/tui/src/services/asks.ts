import type {EventView, JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {safeLine} from '../output/safe-text.ts';

const LONGEST = 200;

/** Of a fact: the session that began to ask while nobody looked at it. Rejects with what the server refuses. */
export async function unwatchedAsk(client: Client, event: EventView, signal: AbortSignal): Promise<JobView | undefined> {
  const {session} = event.data as {session?: JobView['session']};
  if (event.type !== 'session.asks' || session === undefined || session.viewers > 0) return undefined;
  return client.jobsShow({job: event.subject.replace('jobs/', ''), signal});
}

/**
 * A bell and a notification (OSC 9) for the person's own terminal: neither moves anything on its screen. What the session
 * says is made harmless first.
 */
export function ringText({id, name, devbox, session}: JobView): string {
  const what = devbox === undefined ? id : `${devbox.name}/${name ?? id}`;
  const saying = session?.attention.is === 'asks' ? session.attention.saying : undefined;
  const text = safeLine(`${what} asks${saying === undefined || saying === '' ? '' : `: ${saying}`}`).slice(0, LONGEST);
  return `\u0007\u001b]9;${text}\u0007`;
}

/** Rings for each until the signal aborts. Never rejects: who has no events still has a terminal. */
export async function ringOnAsks(client: Client, ring: (text: string) => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const item of client.events({signal})) {
      if (item.type !== 'event') continue;
      const asking = await unwatchedAsk(client, item.event, signal).catch(() => undefined);
      if (asking !== undefined && !signal.aborted) ring(ringText(asking));
    }
  } catch {
    // The token may not read events; the terminal says so if it ends too.
  }
}
