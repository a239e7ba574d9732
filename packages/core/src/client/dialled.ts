import type {Socket} from 'node:net';

const CONNECT_MS = 10_000;

/** The socket once it is connected; rejects after 10 s, and leaves no socket behind. */
export async function dialled<T extends Socket>(socket: T, event: 'connect' | 'secureConnect'): Promise<T> {
  const {promise, resolve, reject} = Promise.withResolvers<T>();
  const late = setTimeout(() => socket.destroy(Object.assign(new Error('timed out'), {code: 'ETIMEDOUT'})), CONNECT_MS);
  const onClose = () => reject(Object.assign(new Error('closed'), {code: 'ECONNRESET'}));
  socket.once('error', reject);
  socket.once('close', onClose);
  socket.once(event, () => resolve(socket));
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    socket.off('error', reject);
    socket.off('close', onClose);
  }
}
