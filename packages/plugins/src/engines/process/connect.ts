import net from 'node:net';
import type {Duplex} from 'node:stream';
import type {Host} from '@boxyard/core/plugin-api';

/** A box here has the machine's own loopback. */
export const connectTo = async (port: number, host: Host, signal: AbortSignal): Promise<Duplex> => {
  signal.throwIfAborted();
  const socket = net.connect({port, host: '127.0.0.1', allowHalfOpen: true});
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  const abort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  socket.once('connect', resolve);
  socket.once('error', error =>
    reject(signal.aborted ? signal.reason : host.fault('not-found', `nothing listens on port ${port}`, {cause: error})),
  );
  await promise.finally(() => signal.removeEventListener('abort', abort));
  return socket;
};
