import {access, constants, stat} from 'node:fs/promises';
import path from 'node:path';
import {notStarted} from '../program-not-started.ts';

/**
 * Runs a program and writes its exit code to descriptor 3, which it does not have itself. A signal to the whole tree must
 * not end the shell before it has written, so it is caught; caught, not ignored, since an ignored signal would stay ignored in the program.
 */
const RUN = 'trap : TERM INT HUP QUIT; "$@" 3>&- 4>&- 5>&- 6>&-; echo $? >&3';

/**
 * The folder is entered by the shell, which is the box's user already: root, asked to start it there, would come through
 * folders that are closed to that user, and what lies below them may be open.
 */
const ENTER = 'cd -- "$1" || { echo 126 >&3; exit 126; }; shift; unset OLDPWD; ';

/** Before the name of a variable that is given back by `ENTER_AND_BECOME`. */
export const KEPT_ASIDE = 'BOXYARD_GIVEN_';

/** Enters the folder that is its first argument, gives back the variables named up to `--`, and runs the rest. The names are plain ones. */
export const ENTER_AND_BECOME = `cd -- "$1" || exit 126; shift; unset OLDPWD
while [ "$1" != -- ]; do eval "export $1=\\"\\$${KEPT_ASIDE}$1\\""; unset "${KEPT_ASIDE}$1"; shift; done
shift; exec "$@"`;

/** Node's pipes are sockets, and a socket cannot be opened as /dev/stdin or /dev/stdout: a cat on each side makes them pipes. */
const CAT = '(trap "" TERM INT HUP QUIT; exec cat';
const FED = `${CAT} 3>&-) | { ${RUN}; }`;

/** For a main process, after its folder: its output goes straight to files and outlives us. */
export const mainScript = (hasStdin: boolean): string => `${ENTER}${hasStdin ? FED : RUN}`;

/** For an exec, after its folder: descriptors 1 and 2 are the caller's, 3 takes the exit code. */
export const EXEC_SCRIPT = `${ENTER}exec 4>&1 5>&2; { { ${FED}; } 2>&1 1>&6 6>&- | ${CAT} >&5 3>&- 4>&- 5>&- 6>&-); } 6>&1 | ${CAT} >&4 3>&- 4>&- 5>&-)`;

export type Found = {readonly file: string} | {readonly code: 126 | 127; readonly text: string};

/** A path, so that the shell never takes the word for a builtin of its own. */
export const findProgram = async (word: string, searchPath: string, cwd: string): Promise<Found> => {
  if (word.includes('/')) return check(path.resolve(cwd, word), word);
  for (const folder of searchPath.split(':')) {
    const found = await check(path.resolve(cwd, folder, word), word);
    if ('file' in found) return found;
  }
  return {code: 127, text: notStarted(word, 127)};
};

const check = async (file: string, word: string): Promise<Found> => {
  const info = await stat(file).catch(() => undefined);
  if (info === undefined) return {code: 127, text: notStarted(word, 127)};
  const isAllowed =
    info.isFile() &&
    (await access(file, constants.X_OK).then(
      () => true,
      () => false,
    ));
  return isAllowed ? {file} : {code: 126, text: notStarted(word, 126)};
};
