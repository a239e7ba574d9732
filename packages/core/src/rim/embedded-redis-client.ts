import {Redis} from 'ioredis';

/** One try, one answer: whoever starts the embedded Redis asks again by itself. The caller disconnects it. */
export function connectTo(socket: string, password: string): Redis {
  const redis = new Redis({
    path: socket,
    password,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
  });
  redis.on('error', () => undefined);
  return redis;
}
