import type {Duplex} from 'node:stream';
import type {DisplayQuery, DisplayToClient} from '../api/index.ts';
import {routes} from '../api/routes.ts';
import {carry} from './carry.ts';
import type {Link} from './link.ts';
import {queryOf} from './query.ts';

export interface DisplayOptions {
  readonly job: string;
  readonly control?: DisplayQuery['control'] | undefined;
  /** Stops looking on. */
  readonly signal?: AbortSignal | undefined;
  /** Whether keys and pointer count, first of all and on every change. `take` makes them, and does nothing once the view is over. */
  readonly controlled?: ((state: {readonly controls: boolean; readonly mayControl: boolean}) => void) | undefined;
  /** Of a glance: who looks, first of all and on every change. */
  readonly watched?: ((watchers: DisplayWatchers) => void) | undefined;
  readonly connected?: ((view: {take(): void}) => void) | undefined;
}

export type DisplayWatchers = Omit<Extract<DisplayToClient, {type: 'watched'}>, 'type'>;

/** One view of a display: RFB 3.8 without a password on `local`, from when it shows itself on. It ends as `carry` does. */
export const viewDisplay = (
  link: Link,
  {job, control = 'wait', signal, controlled, watched, connected}: DisplayOptions,
  local: Duplex,
): Promise<void> =>
  carry(
    link,
    {
      path: routes.jobsDisplay.path.replace(':job', encodeURIComponent(job)) + queryOf({control}),
      signal,
      said: message => {
        if (message.type === 'control') controlled?.(message);
        if (message.type === 'watched') watched?.(message);
      },
      connected: say => connected?.({take: () => say({type: 'take'})}),
    },
    local,
  );
