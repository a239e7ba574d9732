/**
 * One integer, raised when a message changes meaning or is removed; an optional field or a new message does not raise it.
 *
 * - 1: an agent tells what it holds by `job.update` alone, and is taken as ready when it has registered.
 * - 2: an agent is ready when it has sent `worker.journal`; the server places nothing on it before (R3).
 */
export const PROTOCOL_VERSION = 2;
export const OLDEST_SUPPORTED = 1;

export interface VersionRange {
  readonly oldest: number;
  readonly newest: number;
}

export const OWN_RANGE: VersionRange = {oldest: OLDEST_SUPPORTED, newest: PROTOCOL_VERSION};

/** Both sides compute the same number, or none: then the connection closes with `PROTOCOL_MISMATCH`. */
export function agreeOnVersion(peer: VersionRange, own: VersionRange = OWN_RANGE): number | undefined {
  const newest = Math.min(own.newest, peer.newest);
  return newest >= Math.max(own.oldest, peer.oldest) ? newest : undefined;
}
