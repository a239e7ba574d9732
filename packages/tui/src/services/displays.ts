import {duplexPair} from 'node:stream';
import type {DisplayQuery, DisplayRequest, JobView} from '@boxyard/core/api';
import type {Client, DisplayWatchers} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import {RfbClient, type RfbOptions} from '@boxyard/core/rfb';
import {withSuggestion} from './named-object.ts';
import {submit} from './submit.ts';

/** The display of a DevBox: the one that is open, or a new one. Who may only look gets one that is open. */
export async function openDisplay(client: Client, devbox: string, body: DisplayRequest, onLost: () => void): Promise<JobView> {
  const open = () => submit(key => client.devboxesDisplay({devbox, body, key}), {onLost});
  try {
    return await withSuggestion(devbox, 'DevBox', open, () => client.devboxesList());
  } catch (error) {
    if (!isBoxyardError(error) || error.code !== 'FORBIDDEN') throw error;
    const [found] = await listDisplays(client, devbox);
    if (found === undefined) throw error;
    return found;
  }
}

/** Displays that are open or about to be, the newest first. */
export async function listDisplays(client: Client, devbox?: string): Promise<JobView[]> {
  const {items} = await client.jobsList({query: {kind: 'display', devbox, limit: 1000}});
  return items.filter(job => job.state !== 'ended');
}

export interface Look extends Omit<RfbOptions, 'signal' | 'password' | 'openWithinMs'> {
  readonly job: string;
  readonly control: DisplayQuery['control'];
  readonly signal: AbortSignal;
  readonly controlled?: ((state: {readonly controls: boolean; readonly mayControl: boolean}) => void) | undefined;
  readonly watched?: ((watchers: DisplayWatchers) => void) | undefined;
  readonly connected?: ((view: {take(): void}) => void) | undefined;
}

/** An image that starts its desktop slowly, on a worker that has to wake first. */
const OPEN_MS = 120_000;

/** A look at a display, from when it shows itself. Rejects with why it does not; what ends it later is the client's to say. */
export async function lookAt(client: Client, {job, control, signal, controlled, watched, connected, ...options}: Look): Promise<RfbClient> {
  const [near, far] = duplexPair();
  const over = new AbortController();
  near.once('close', () => over.abort());
  client.viewDisplay({job, control, signal: AbortSignal.any([signal, over.signal]), controlled, watched, connected}, far).then(
    () => near.destroy(),
    (error: Error) => near.destroy(error),
  );
  return RfbClient.open(near, {...options, signal, openWithinMs: OPEN_MS});
}

/** Resolves when the display shows itself, and rejects with why it does not. It is nobody's look. */
export async function untilShown(client: Client, job: string, signal: AbortSignal): Promise<void> {
  const screen = await lookAt(client, {job, control: 'glance', signal});
  screen[Symbol.dispose]();
}

/** Of a display that is over: whether somebody closed it, so that its desktop goes on. Else its log says what ended it. */
export async function wasClosed(client: Client, job: string): Promise<boolean> {
  const over = await client.jobsShow({job}).catch(() => undefined);
  return over?.state === 'ended' && over.outcome === 'cancelled';
}
