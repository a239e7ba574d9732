import type {WebSocket} from 'ws';
import {BoxyardError} from '../errors/index.ts';
import type {Session} from '../services.ts';
import type {Gate} from './http.ts';

/** Ends the socket with its token. False where the token has too many streams open; the socket is then told so and closed. */
export function holdSocket(gate: Gate, session: Session, socket: WebSocket): boolean {
  try {
    const release = gate.hold(session, () => {
      socket.close(4401, 'token ended');
      socket.terminate();
    });
    socket.once('close', release);
    return true;
  } catch (error) {
    socket.close(4429, error instanceof BoxyardError ? error.code : 'refused');
    return false;
  }
}
