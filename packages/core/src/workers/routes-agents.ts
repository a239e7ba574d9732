import type {WebSocket} from 'ws';
import type {Corkable} from '../protocol/index.ts';
import {bearerOf} from '../rim/http-credential.ts';
import type {Http} from '../rim/http.ts';
import type {KnownWorker} from '../services.ts';

const MAX_AGENT_FRAME = 1024 * 1024;
/** One that counts, one that takes over, and what a broken network has not closed yet. */
const MOST_SOCKETS = 8;

/**
 * `WS /ws/worker`: the credential is checked before the handshake is answered (401 unknown, 403 for good, 503 while Redis is
 * away), and the worker and its tenant are what the credential says. No browser may knock here.
 */
export function addAgentRoute(
  http: Http,
  workers: {admit(credential: string | undefined): Promise<KnownWorker>},
  accept: (socket: WebSocket, wire: Corkable, worker: KnownWorker) => void,
): void {
  http.socket<KnownWorker>('agents', {
    maxPayload: MAX_AGENT_FRAME,
    isForBrowsers: false,
    holder: {most: MOST_SOCKETS, of: ({worker}) => worker},
    admit: ({raw}) => workers.admit(bearerOf(raw)),
    open: (socket, worker, {raw}) => accept(socket, raw.socket, worker),
  });
}
