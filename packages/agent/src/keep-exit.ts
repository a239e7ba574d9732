type Exiting = Pick<NodeJS.Process, 'exit'>;

/**
 * Ending the process is for who composed it: from now on a plugin that calls `process.exit` fails in the call it made, by name,
 * and everything else goes on. Returns the real one.
 */
export function keepExit(own: Exiting): (code: number) => never {
  const exit = own.exit.bind(own);
  own.exit = code => {
    throw new Error(`it called process.exit(${code ?? ''})`);
  };
  return exit;
}
