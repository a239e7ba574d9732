import {randomBytes} from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Base32 of that many random bits, rounded up to whole characters. */
export function randomBase32(bits: number): string {
  const characters = Math.ceil(bits / 5);
  return Array.from(randomBytes(characters), byte => alphabet[byte & 31]).join('');
}

export type IdLetter = 'j' | 'd' | 'w' | 't' | 'e' | 'k' | 'i' | 'u';

/** `j-…` job, `d-…` DevBox, `w-…` worker, `t-…` tenant, `k-…` token, `i-…` invitation, `e-…` event, `u-…` user: 130 random bits. */
export const newId = (letter: IdLetter): string => `${letter}-${randomBase32(130)}`;

export const newAttemptId = (): string => randomBytes(16).toString('hex');
