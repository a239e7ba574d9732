/** Bytes of one `terminal.input`: a person types few, a paste comes in many. By itself, for programs that start fast. */
export const MAX_INPUT_BYTES = 16 * 1024;
