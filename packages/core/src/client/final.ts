import {entryOf, isBoxyardError} from '../errors/index.ts';

/** Errors that trying again would only repeat. */
export function isFinal(error: unknown): boolean {
  if (!isBoxyardError(error)) return false;
  return ['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'WRONG_SERVER', 'ORIGIN_REFUSED'].includes(error.code);
}

/** Those, and every other refusal of a server that is up and does not say to come again. */
export const isFinalAnswer = (error: unknown): boolean =>
  isFinal(error) ||
  (isBoxyardError(error) && entryOf(error.code).status < 500 && error.code !== 'TOO_MANY_REQUESTS' && error.code !== 'WAIT_TIMEOUT');
