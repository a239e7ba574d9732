import type {WebSocket} from 'ws';
import type {DisplayToClient} from '../api/index.ts';

/** Below half of a ticket's time, so that whoever loses the connection has half a minute to come back. */
const RENEWED_EVERY_MS = 25_000;

/**
 * Tells a page, while it looks on, the ticket by which it may come back: of each socket only the newest is good. Ends with the
 * socket. A server that cannot make one for a while leaves the page with the last.
 */
export function renewTickets(
  socket: WebSocket,
  devbox: string,
  issue: (instead: string | undefined) => Promise<{readonly ticket: string}>,
): void {
  let last: string | undefined;
  const renew = async () => {
    const {ticket} = await issue(last);
    last = ticket;
    const message: DisplayToClient = {type: 'renewal', ticket, devbox};
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const again = () => void renew().catch(() => undefined);
  const timer = setInterval(again, RENEWED_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
  again();
}
