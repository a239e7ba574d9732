import type {Duplex} from 'node:stream';
import {routes} from '../api/routes.ts';
import {carry} from './carry.ts';
import type {Link} from './link.ts';

export interface PortOptions {
  readonly devbox: string;
  readonly port: number;
  /** Cuts it off. */
  readonly signal?: AbortSignal | undefined;
}

/** One connection of a program here to a program in a DevBox; see `carry`. */
export const connectPort = (link: Link, {devbox, port, signal}: PortOptions, local: Duplex): Promise<void> =>
  carry(
    link,
    {path: routes.devboxesPort.path.replace(':devbox', encodeURIComponent(devbox)).replace(':port', String(port)), signal},
    local,
  );
