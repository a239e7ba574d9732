/** The `why` in the report of an engine that has not answered for the first time yet. By itself, for programs that start fast. */
export const notAskedYet = 'not asked yet';
