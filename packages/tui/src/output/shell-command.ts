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

const IN_FILES = `command -v setsid >/dev/null || { echo "--keep files: there is no setsid in this image" >&2; exit 127; }
d=\${TMPDIR:-/tmp}/$0 grace=$1 mask=$(umask)
shift
goes_on() { grep -q "BOXYARD_KEPT=\${d##*/}" "/proc/$(cat "$d/pid" 2>/dev/null)/environ" 2>/dev/null; }
nap() { sleep 0.2 2>/dev/null || sleep 1; }
if ! [ -e "$d/rc" ] && ! goes_on; then
  rm -rf "$d" && umask 077 && mkdir "$d" && : >"$d/out" && umask "$mask" || exit
  ( env ${MARKS.map(mark => `-u ${mark}`).join(' ')} BOXYARD_KEPT="$0" setsid sh -c 'trap : TERM
echo "$$" >"$0/pid"; "$@"; echo "$?" >"$0/rc.new"; mv "$0/rc.new" "$0/rc"' "$d" "$@" >>"$d/out" 2>&1 </dev/null & )
  i=0; until [ -s "$d/pid" ] || [ "$i" -ge 50 ]; do nap; i=$((i+1)); done
fi
p=$(cat "$d/pid") || exit
trap 'kill -TERM "-$p"; i=0; while [ "$i" -lt "$grace" ] && ! [ -e "$d/rc" ]; do sleep 1; i=$((i+1)); done; [ -e "$d/rc" ] || kill -KILL "-$p"' TERM
exec 3<"$d/out"
while :; do
  over=
  [ -e "$d/rc" ] || ! goes_on && over=1
  cat <&3
  [ -z "$over" ] || break
  nap
done
code=$(cat "$d/rc" 2>/dev/null || echo 137)
rm -rf "$d"
exit "$code"`;

const KILL_AFTER_S = 5;

/**
 * The command with its pid, output and exit code in files of that name in the box, which is gone on with where there is one, and
 * told its end where nobody heard of that (R7, B23). It is no child of who follows the files, or it would be ended with that one;
 * who is asked to end ends its whole group, within the grace.
 */
export const inFiles = (name: string, command: readonly string[], graceMs = 10_000): string[] => {
  const seconds = Math.max(0, Math.min(KILL_AFTER_S, Math.floor(graceMs / 1_000) - 1));
  return ['/bin/sh', '-c', IN_FILES, name, String(seconds), ...command];
};

/** A command as the person who typed it knows it, without the script around it. */
export function ownWords(argv: readonly string[]): string {
  if (argv[2] === IN_TMUX) return ownWords(argv.slice(4));
  if (argv[2] === IN_FILES) return ownWords(argv.slice(5));
  return isShell(argv) ? 'a shell' : argv.join(' ');
}
