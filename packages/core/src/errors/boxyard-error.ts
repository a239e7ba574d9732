import {catalogue, type ErrorCode} from './catalogue.ts';

const brand = Symbol.for('boxyard.error');

export type Details = Readonly<Record<string, unknown>>;

/** What crosses a wire: the receiver renders by its own catalogue and shows `message` for a code it does not know. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Details | undefined;
}

/**
 * The one error class. `code` names a catalogue entry; message and hint come from there, `details` fill them in.
 * `message` and `hint` may be given for a code that arrived from a newer peer or from an engine with more to say.
 */
export class BoxyardError extends Error {
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly details: Details;
  readonly hint: string;

  constructor(code: ErrorCode, details: Details = {}, more: {cause?: unknown; message?: string; hint?: string} = {}) {
    const entry = catalogue[code];
    super(more.message ?? entry.message(details), more.cause === undefined ? undefined : {cause: more.cause});
    this.name = 'BoxyardError';
    this.code = code;
    this.details = details;
    this.hint = more.hint ?? entry.hint(details);
  }
}

/** Holds across duplicate installs and realms, where `instanceof` does not. */
export const isBoxyardError = (value: unknown): value is BoxyardError => value instanceof Object && brand in value;

/** The catalogue's view of a code; a code from a newer peer is treated as `INTERNAL` for its exit code only. */
export const entryOf = (code: string) => (Object.hasOwn(catalogue, code) ? catalogue[code as ErrorCode] : catalogue.INTERNAL);

/** For the three doors (command handler, socket handler, job runner): anything unknown becomes `INTERNAL`, with its cause kept. */
export const asBoxyardError = (value: unknown): BoxyardError =>
  isBoxyardError(value) ? value : new BoxyardError('INTERNAL', {}, {cause: value});

/** No cause and no stack ever leave the process. */
export const toWire = (error: BoxyardError): WireError => ({
  code: error.code,
  message: error.message,
  ...(error.hint === '' ? {} : {hint: error.hint}),
  ...(Object.keys(error.details).length === 0 ? {} : {details: error.details}),
});

/** Keeps the sender's words; an unknown code keeps its message under `INTERNAL` with the code in `details.code`. */
export const fromWire = (wire: WireError): BoxyardError => {
  const isKnown = Object.hasOwn(catalogue, wire.code);
  const more = {message: wire.message, hint: wire.hint ?? ''};
  if (isKnown) return new BoxyardError(wire.code as ErrorCode, wire.details ?? {}, more);
  return new BoxyardError('INTERNAL', {...wire.details, code: wire.code}, more);
};
