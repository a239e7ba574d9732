import net from 'node:net';
import type {Duplex} from 'node:stream';
import type {Host} from '@boxyard/core/plugin-api';

/** A box here has the machine's own loopback. */
export const connectTo = async (port: number, host: Host, signal: AbortSignal): Promise<Duplex> => {
  try {
    return await reach('127.0.0.1', port, signal).catch(() => reach('::1', port, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw host.fault('not-found', `nothing listens on port ${port}`, {cause: error});
  }
};

const reach = async (address: string, port: number, signal: AbortSignal): Promise<Duplex> => {
  signal.throwIfAborted();
  const socket = net.connect({port, host: address, allowHalfOpen: true});
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  const abort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  socket.once('connect', resolve);
  socket.once('error', reject);
  await promise.finally(() => {
    signal.removeEventListener('abort', abort);
    socket.off('error', reject);
  });
  return socket;
};
