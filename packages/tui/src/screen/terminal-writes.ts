/**
 * Node waits inside the kernel until a terminal has taken what is written to it. One that takes nothing (a frozen window, a
 * line that hangs) would stop every timer, socket and signal of the process with it. Where it does not wait, what was not
 * taken stays in the stream, whose `write` says so. Programs that are lent the terminal share the setting: they want it on.
 */
export function setWaiting(streams: readonly (NodeJS.WritableStream | undefined)[], isOn: boolean): void {
  // There is no public name for it.
  for (const stream of streams as readonly Handled[]) stream?._handle?.setBlocking?.(isOn);
}

type Handled = {readonly _handle?: {setBlocking?(isOn: boolean): unknown} | null} | undefined;

/** Resolves when the stream has passed on what was written to it, or so long has gone by. */
export async function drained(stream: NodeJS.WritableStream, withinMs?: number): Promise<void> {
  if (((stream as NodeJS.WriteStream).writableLength ?? 0) === 0) return;
  const done = Promise.withResolvers<void>();
  const late = withinMs === undefined ? undefined : setTimeout(done.resolve, withinMs);
  stream.write('', () => done.resolve());
  await done.promise;
  clearTimeout(late);
}

/** What a terminal does not take within this is not waited for. */
const GIVE_UP_MS = 500;

/**
 * Does work that writes to a terminal, which may take nothing for a while: keys, signals and the connection go on meanwhile. Behind
 * it the terminal is waited for again as before, but one that took nothing to the end: what comes would wait for it for ever.
 */
export async function withoutWaiting<T>(streams: readonly NodeJS.WritableStream[], work: () => Promise<T>): Promise<T> {
  setWaiting(streams, false);
  try {
    return await work();
  } finally {
    await Promise.all(streams.map(stream => drained(stream, GIVE_UP_MS)));
    if (streams.every(stream => ((stream as NodeJS.WriteStream).writableLength ?? 0) === 0)) setWaiting(streams, true);
  }
}
