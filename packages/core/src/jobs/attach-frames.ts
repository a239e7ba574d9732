import type {WebSocket} from 'ws';
import type {z} from 'zod';
import type {attachFromServer} from '../api/index.ts';
import {asBoxyardError, toWire} from '../errors/index.ts';

type FromServer = z.infer<typeof attachFromServer>;

/** Stream byte and offset in front of the bytes. */
export const HEADER = 9;

export function tell(socket: WebSocket, message: FromServer): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}

/** Says what went wrong and closes: 4400 for the client's fault, 4403 forbidden, 1011 ours, so that it may try again. */
export function fail(socket: WebSocket, thrown: unknown): void {
  const error = asBoxyardError(thrown);
  tell(socket, {type: 'error', error: toWire(error)});
  socket.close(
    error.code === 'FORBIDDEN' ? 4403 : error.code === 'INTERNAL' || error.code === 'REDIS_UNAVAILABLE' ? 1011 : 4400,
    error.code,
  );
}
