import {randomFillSync} from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

const pool = Buffer.allocUnsafeSlow(4096);
let used = pool.length;

/** Random bytes for a name; asking the kernel for thousands at once costs hardly more than asking for a few. */
export function randomName(bytes: number): Buffer {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return Buffer.from(pool.subarray(used - bytes, used));
}

/** Base32 of that many random bits, rounded up to whole characters. */
export function randomBase32(bits: number): string {
  const characters = Math.ceil(bits / 5);
  return Array.from(randomName(characters), byte => alphabet[byte & 31]).join('');
}

export type IdLetter = 'j' | 'd' | 'w' | 't' | 'e' | 'k' | 'i' | 'u' | 'c' | 'r' | 'h';

/** `j-…` job, `d-…` DevBox, `w-…` worker, `t-…` tenant, `k-…` token, `i-…` invitation, `e-…` event, `u-…` user, `c-…` cluster, `r-…` role, `h-…` webhook: 130 random bits. */
export const newId = (letter: IdLetter): string => `${letter}-${randomBase32(130)}`;

export const newAttemptId = (): string => randomName(16).toString('hex');
