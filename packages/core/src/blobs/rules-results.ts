import {createHash} from 'node:crypto';

/** JSON that came of an attempt; the hash tells it from what else was said to have come of it. */
export interface ResultRef {
  readonly attempt: number;
  readonly bytes: number;
  readonly hash: string;
}

export const resultRef = (attempt: number, json: string): ResultRef => ({
  attempt,
  bytes: Buffer.byteLength(json),
  hash: createHash('sha256').update(json).digest('hex').slice(0, 32),
});
