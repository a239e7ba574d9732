/** What can hold back what is written to it, as every socket of Node can. */
export interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Called before each write: everything written in one turn of the event loop goes out in one system call. A burst of small
 * frames costs most where each is a call of its own.
 */
export function oneWritePerTurn(socket: Corkable): () => void {
  let isCorked = false;
  const release = () => {
    isCorked = false;
    socket.uncork();
  };
  return () => {
    if (isCorked) return;
    isCorked = true;
    socket.cork();
    setImmediate(release);
  };
}
