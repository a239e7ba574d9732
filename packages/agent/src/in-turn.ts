/** Work of one name is done by one at a time, in the order asked; who gives up waiting leaves the line. */
export interface InTurn {
  alone<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export function createInTurn(): InTurn {
  const last = new Map<string, Promise<unknown>>();
  return {
    async alone(name, signal, work) {
      signal.throwIfAborted();
      const before = last.get(name) ?? Promise.resolve();
      const {promise: done, resolve} = Promise.withResolvers<void>();
      const own = before.then(() => done);
      last.set(name, own);
      void own.then(() => last.get(name) === own && last.delete(name));
      const gone = Promise.withResolvers<never>();
      const leave = () => gone.reject(signal.reason as Error);
      signal.addEventListener('abort', leave, {once: true});
      try {
        await Promise.race([before, gone.promise]);
        return await work();
      } finally {
        signal.removeEventListener('abort', leave);
        resolve();
      }
    },
  };
}
