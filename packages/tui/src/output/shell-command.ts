const OWN = '[ -x "$SHELL" ] || SHELL=$(command -v bash) || SHELL=/bin/sh\nexport SHELL\nexec "$SHELL"';

/** What a terminal runs where nothing is named: the shell of the image's user, else bash, else sh; after the commands given first. */
export const shellCommand = (first: readonly string[] = []): string[] => [
  '/bin/sh',
  '-c',
  `${first.map(line => `${line}\n`).join('')}${OWN}`,
];

const isShell = (argv: readonly string[]): boolean => argv.length === 3 && argv[2]!.endsWith(OWN);

const MARKS = ['BOXYARD_JOB', 'BOXYARD_ATTEMPT', 'BOXYARD_EXEC'];

const IN_TMUX = `command -v tmux >/dev/null || { echo "--keep tmux: there is no tmux in this image" >&2; exit 127; }
tmux has-session -t "=$0" 2>/dev/null || env ${MARKS.map(mark => `-u ${mark}`).join(' ')} tmux -u new-session -d -s "$0" -- "$@" || exit
exec tmux -u attach-session -t "=$0"`;

/**
 * The command in a tmux session of that name, which is gone on with where there is one: it outlives the engine that was killed
 * (R7). What ends a terminal finds its programs by these variables, so the session is without them, and who looks at it is not.
 */
export const inTmux = (session: string, command: readonly string[]): string[] => ['/bin/sh', '-c', IN_TMUX, session, ...command];

/** A command as the person who typed it knows it, without the script around it. */
export function ownWords(argv: readonly string[]): string {
  if (argv[2] === IN_TMUX) return ownWords(argv.slice(4));
  return isShell(argv) ? 'a shell' : argv.join(' ');
}
