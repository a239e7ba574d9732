import {fromWire, toWire, type BoxyardError, type WireError} from '../errors/index.ts';

/** The trailer of an answer that broke off, for a client that said `TE: trailers`: why, as percent-encoded JSON of the error. */
export const ERROR_TRAILER = 'x-boxyard-error';

const MOST = 1_000;

export function encodeTrailer(error: BoxyardError): string {
  const {code, message, hint} = toWire(error);
  return encodeURIComponent(JSON.stringify({code, message: message.slice(0, MOST), ...(hint ? {hint: hint.slice(0, MOST)} : {})}));
}

/** Undefined for what is none of ours. */
export function decodeTrailer(text: string): BoxyardError | undefined {
  try {
    const wire = JSON.parse(decodeURIComponent(text)) as Partial<WireError>;
    return typeof wire.code === 'string' && typeof wire.message === 'string' ? fromWire(wire as WireError) : undefined;
  } catch {
    return undefined;
  }
}
