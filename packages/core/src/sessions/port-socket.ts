import type {WebSocket} from 'ws';
import {portFromClient} from '../api/index.ts';
import type {PortPlace, PortService, Session} from '../services.ts';
import {CarriedSocket, listen, wordOf} from './carried-socket.ts';

export interface PortScope {
  readonly session: Session;
  readonly place: PortPlace;
  readonly port: number;
}

/** One connection from a client into a DevBox, from the handshake until both directions are over or one side is gone. */
export function servePort(socket: WebSocket, {place, port}: PortScope, ports: PortService): void {
  const carried = new CarriedSocket(socket);
  const receive = (data: Buffer, isBinary: boolean) => {
    try {
      if (isBinary) carried.take(data);
      else carried.hear(wordOf(portFromClient, data.toString('utf8')));
    } catch (error) {
      carried.fail(error);
    }
  };
  listen(socket, receive, () => carried.close());
  carried.begin(handlers => ports.open(place, port, handlers));
}
