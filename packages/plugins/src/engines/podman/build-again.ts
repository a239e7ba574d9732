import {Readable, Transform, pipeline} from 'node:stream';

/** Kept in memory for another try; a larger archive has one alone. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_TRIES = 3;
/** Not what a step says that ran out of its memory: that one has exit 137. */
const KILLED = /while running runtime: signal: killed/;
const NOTE = 'podman ended a step by itself (its issue 17918): the build begins again.\n';

/**
 * A build that podman itself killed begins again, twice at most: in a service of its own that is rare (seen once, on a busy machine),
 * since the network of a step ends threads as those of boxes do. Steps that were done come from podman's cache.
 */
export async function buildAgain<T>(
  archive: Readable,
  log: (bytes: Uint8Array) => void,
  signal: AbortSignal,
  build: (archive: Readable) => Promise<T>,
): Promise<T> {
  const kept = keeping(archive);
  let context: Readable = kept.passed;
  for (let tries = 1; ; tries += 1) {
    try {
      return await build(context);
    } catch (error) {
      const again = kept.again();
      if (tries >= MOST_TRIES || signal.aborted || again === undefined || !KILLED.test((error as Error).message)) throw error;
      log(Buffer.from(NOTE));
      context = again;
    }
  }
}

function keeping(archive: Readable): {readonly passed: Readable; readonly again: () => Readable | undefined} {
  let parts: Buffer[] | undefined = [];
  let bytes = 0;
  let isWhole = false;
  const passed = new Transform({
    transform(part: Buffer, _, done) {
      bytes += part.length;
      if (bytes > MOST_BYTES) parts = undefined;
      parts?.push(part);
      done(null, part);
    },
    flush(done) {
      isWhole = true;
      done();
    },
  });
  pipeline(archive, passed, () => undefined);
  return {passed, again: () => (isWhole && parts !== undefined ? Readable.from(parts, {objectMode: false}) : undefined)};
}
