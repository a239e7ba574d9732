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
