/** The `why` of an engine that has not answered for the first time yet. Without zod: the CLI's start reads it. */
export const notAskedYet = 'not asked yet';
