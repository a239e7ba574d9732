import {createServer, type AddressInfo, type Server} from 'node:net';
import type {DisplayQuery, DisplayRequest} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {openDisplay} from './displays.ts';
import {formatListen, refuseBusyPort} from './port-holder.ts';

export interface ServedDisplay {
  readonly client: Client;
  readonly devbox: string;
  readonly request: DisplayRequest;
  readonly control: DisplayQuery['control'];
  /** Here; 0 takes a free one. */
  readonly port: number;
  /** One viewer did not come about, or broke; others go on. */
  failed(error: Error): void;
}

/** This machine alone: whoever connects controls the desktop and is asked for nothing. */
const host = '127.0.0.1';

/**
 * A VNC server here, without a password, for any viewer: each connection is a view of the display, which is opened where it is
 * not. `close` cuts those that are open. `PORT_BUSY` where the port is taken.
 */
export async function serveDisplay(options: ServedDisplay): Promise<{readonly address: string; close(): void}> {
  const {client, devbox, request, control, port, failed} = options;
  await refuseBusyPort({host, port}, free => `boxyard display ${devbox} --listen ${free.port}`);
  const ending = new AbortController();
  const server: Server = createServer({noDelay: true}, socket => {
    socket.on('error', () => undefined);
    const view = async () => {
      const job = await openDisplay(client, devbox, request, () => undefined);
      await client.viewDisplay({job: job.id, control, signal: ending.signal}, socket);
    };
    view().catch((error: Error) => {
      socket.destroy();
      if (!ending.signal.aborted) failed(error);
    });
  });
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({host, port, exclusive: true}, resolve);
  await promise;
  server.on('error', failed);
  const close = () => {
    server.close();
    ending.abort(new BoxyardError('INTERRUPTED'));
  };
  return {address: formatListen({host, port: (server.address() as AddressInfo).port}), close};
}
