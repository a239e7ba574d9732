import {createServer, type AddressInfo, type Server} from 'node:net';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {formatListen, refuseBusyPort} from './port-holder.ts';

export interface Forward {
  /** Inside the DevBox. */
  readonly port: number;
  /** Here; 0 takes a free one. */
  readonly local: number;
}

export interface Forwarded {
  readonly devbox: string;
  readonly port: number;
  readonly address: string;
}

/** `3000`, or `3000:8080` for another port here. */
export function parseForward(text: string): Forward {
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[1]);
  const local = Number(match?.[2] ?? port);
  if (match === null || port < 1 || port > 65_535 || local > 65_535)
    throw new BoxyardError('INVALID_INPUT', {
      field: 'PORT',
      issue: `expected PORT or PORT:LOCAL, 1 to 65535, got ${text === '' ? 'nothing' : text}`,
    });
  return {port, local};
}

export interface Forwarding {
  readonly client: Pick<Client, 'connectPort'>;
  readonly devbox: string;
  /** Address to listen on. */
  readonly host: string;
  readonly forwards: readonly Forward[];
  /** One connection did not come about, or broke; others go on. */
  failed(forward: Forward, error: Error): void;
}

/**
 * Listens here and carries each connection to the DevBox until `close`, which cuts those that are open. `PORT_BUSY` where one
 * of the ports is taken: then nothing listens.
 */
export async function forwardPorts(options: Forwarding): Promise<{readonly items: readonly Forwarded[]; close(): void}> {
  const ending = new AbortController();
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers) server.close();
    ending.abort(new BoxyardError('INTERRUPTED'));
  };
  const items: Forwarded[] = [];
  try {
    for (const forward of options.forwards) {
      const server = await listen(options, forward, ending.signal);
      servers.push(server);
      const {port} = server.address() as AddressInfo;
      items.push({devbox: options.devbox, port: forward.port, address: formatListen({host: options.host, port})});
    }
  } catch (error) {
    close();
    throw error;
  }
  return {items, close};
}

async function listen({client, devbox, host, failed}: Forwarding, forward: Forward, signal: AbortSignal): Promise<Server> {
  await refuseBusyPort({host, port: forward.local}, ({port}) => `boxyard ports forward ${devbox} ${forward.port}:${port}`);
  const server = createServer({allowHalfOpen: true, noDelay: true}, socket => {
    client.connectPort({devbox, port: forward.port, signal}, socket).catch((error: Error) => signal.aborted || failed(forward, error));
  });
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({host, port: forward.local, exclusive: true}, resolve);
  await promise;
  server.on('error', (error: Error) => failed(forward, error));
  return server;
}
