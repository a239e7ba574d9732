import type {EventView, JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {safeLine} from '../output/safe-text.ts';

const LONGEST = 200;

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

export interface Ringing {
  /** Writes to the person's own terminal. */
  readonly ring: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Rings if the fact says that a session began to ask while nobody looked at it. Never rejects. */
export async function ringIfAsking(client: Client, event: EventView, {ring, signal}: Ringing): Promise<void> {
  const {session} = event.data as {session?: JobView['session']};
  if (event.type !== 'session.asks' || session === undefined || session.viewers > 0) return;
  const asking = await client.jobsShow({job: event.subject.replace('jobs/', ''), signal}).catch(() => undefined);
  if (asking !== undefined && !signal.aborted) ring(ringText(asking));
}

/** Rings for each until the signal aborts. Never rejects: who has no events still has a terminal. */
export async function ringOnAsks(client: Client, ringing: Ringing): Promise<void> {
  try {
    for await (const item of client.events({signal: ringing.signal}))
      if (item.type === 'event') await ringIfAsking(client, item.event, ringing);
  } catch {
    // The token may not read events; the terminal says so if it ends too.
  }
}
