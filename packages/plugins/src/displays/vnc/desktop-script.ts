import {createCipheriv, randomInt} from 'node:crypto';

/**
 * Finds the VNC server of a box or starts one, and says one line: `ours PORT PASSWORD`, `found PORT`, `missing SYSTEM` or
 * `failed WHY`. What it starts goes on when this script and whoever runs it have ended. A second one is never started: the first
 * left its password behind, for its own user alone to read.
 */
export const script = String.raw`
umask 077
width=$1; height=$2; shift 2
dir=${'$'}{BOXYARD_WORKSPACE:-/tmp}/.boxyard-display-$(id -u)
words() { tr '\0' '\n' <"/proc/$1/$2" 2>/dev/null; }
# Not by its command line, which is empty also while it is about to be another program.
lives() { grep -q '^State:[[:space:]]*[^ZXx[:space:]]' "/proc/$1/status" 2>/dev/null; }
if [ -O "$dir" ] && [ -r "$dir/pid" ]; then
  if words "$(cat "$dir/pid")" cmdline | grep -qxF -- "$dir/key"; then
    echo "ours $(cat "$dir/port") $(cat "$dir/password")"; exit 0
  fi
fi
for process in /proc/[0-9]*; do
  pid=${'$'}{process#/proc/}
  case $(words "$pid" cmdline | head -n 1) in *Xvnc|*Xtigervnc|*x11vnc) ;; *) continue ;; esac
  if [ -n "${'$'}{BOXYARD_WORKSPACE:-}" ]; then words "$pid" environ | grep -qxF -- "BOXYARD_WORKSPACE=$BOXYARD_WORKSPACE" || continue; fi
  port=$(words "$pid" cmdline | grep -A 1 -x -e '-rfbport' | tail -n 1)
  number=$(words "$pid" cmdline | grep -x ':[0-9][0-9]*' | head -n 1)
  echo "found ${'$'}{port:-$((5900 + ${'$'}{number#:}))}"; exit 0
done
server=$(command -v Xvnc || command -v Xtigervnc) || { [ -r /etc/os-release ] && . /etc/os-release; echo "missing ${'$'}{ID:-unknown}"; exit 0; }
rm -rf "$dir"
mkdir "$dir" || { echo "failed its folder $dir cannot be made"; exit 0; }
printf "$BOXYARD_VNC_KEY" >"$dir/key"
printf %s "$BOXYARD_VNC_PASSWORD" >"$dir/password"
unset BOXYARD_VNC_KEY BOXYARD_VNC_PASSWORD
apart=$(command -v setsid)
listens() { grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null; }
number=0; pid=
while [ -z "$pid" ] && [ "$number" -lt 99 ]; do
  number=$((number + 1)); port=$((5900 + number))
  holder=$(cat "/tmp/.X$number-lock" 2>/dev/null | tr -d ' ')
  if [ -n "$holder" ] && [ -d "/proc/$holder" ]; then continue; fi
  if listens "$port"; then continue; fi
  $apart "$server" ":$number" -rfbport "$port" -localhost -SecurityTypes VncAuth -PasswordFile "$dir/key" -geometry "${'$'}{width}x$height" \
    -Log '*:stderr:0' -depth 24 -AlwaysShared -AcceptSetDesktopSize -nolisten tcp -desktop "${'$'}{BOXYARD_DEVBOX:-boxyard}" <&- >"$dir/log" 2>&1 3>&- &
  pid=$!; waited=0
  # Another that begins at the same moment may have the port: whose the number is, its lock says.
  until listens "$port" && [ "$(cat "/tmp/.X$number-lock" 2>/dev/null | tr -d ' ')" = "$pid" ]; do
    waited=$((waited + 1))
    if ! lives "$pid"; then pid=; break; fi
    if [ "$waited" -gt 200 ]; then kill "$pid"; echo "failed $server does not listen"; exit 0; fi
    sleep 0.1
  done
done
if [ -z "$pid" ]; then echo "failed $(tail -n 3 "$dir/log" | tr '\n' ' ')"; exit 0; fi
echo "$port" >"$dir/port"; echo "$pid" >"$dir/pid"
export DISPLAY=":$number"
begin() { $apart "$@" <&- >>"$dir/log" 2>&1 3>&- & }
if [ $# -gt 0 ]; then begin "$@"
elif [ -x "$HOME/.xsession" ]; then begin "$HOME/.xsession"
elif command -v x-session-manager >/dev/null; then begin x-session-manager
else
  if command -v x-window-manager >/dev/null; then begin x-window-manager; fi
  if command -v xterm >/dev/null; then begin xterm; fi
fi
echo "ours $port $(cat "$dir/password")"
`;

const PASSWORD_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const newPassword = (): string => Array.from({length: 8}, () => PASSWORD_LETTERS[randomInt(PASSWORD_LETTERS.length)]).join('');

const mirrored = (byte: number): number => Array.from({length: 8}, (_, at) => ((byte >> at) & 1) << (7 - at)).reduce((a, b) => a | b, 0);

/** Single DES with the bits of each key byte in reverse, as VNC has it: three times the same key is what OpenSSL still does. */
export function vncDes(key: Uint8Array, data: Uint8Array): Buffer {
  const half = Uint8Array.from(key, mirrored);
  const cipher = createCipheriv('des-ede3', Buffer.concat([half, half, half]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** The key that every VNC password file is written with: it hides nothing, its mode does. */
const FILE_KEY = Buffer.from([23, 82, 107, 6, 35, 78, 88, 7]);

/** What the script gets by its environment, which others in the box do not see as they do arguments. */
export const secretsOf = (password: string): Readonly<Record<string, string>> => ({
  BOXYARD_VNC_PASSWORD: password,
  BOXYARD_VNC_KEY: [...vncDes(FILE_KEY, Buffer.from(password, 'latin1'))].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
});

const lines: Readonly<Record<string, string>> = {
  debian: 'RUN apt-get update && apt-get install -y tigervnc-standalone-server xterm',
  ubuntu: 'RUN apt-get update && apt-get install -y tigervnc-standalone-server xterm',
  alpine: 'RUN apk add tigervnc xterm font-dejavu',
  fedora: 'RUN dnf install -y tigervnc-server-minimal xterm',
  arch: 'RUN pacman -Sy --noconfirm tigervnc xterm',
};

/** What to do about an image of that system. */
export function remedyFor(system: string): string {
  const line = lines[system];
  return line === undefined ? 'Install TigerVNC’s Xvnc in the image.' : `In its Containerfile: ${line}`;
}

export type Found =
  | {readonly is: 'ours'; readonly port: number; readonly password: string}
  | {readonly is: 'found'; readonly port: number}
  | {readonly is: 'missing'; readonly system: string}
  | {readonly is: 'failed'; readonly why: string};

/** The script's word: it comes out of a box, where anybody may have put another `sh`. */
export function parseFound(text: string): Found {
  const line = text.trim().split('\n').at(-1) ?? '';
  const ours = /^ours (\d{1,5}) ([A-Za-z0-9]{8})$/.exec(line);
  if (ours !== null && isPort(ours[1])) return {is: 'ours', port: Number(ours[1]), password: ours[2]!};
  const found = /^found (\d{1,5})$/.exec(line);
  if (found !== null && isPort(found[1])) return {is: 'found', port: Number(found[1])};
  const missing = /^missing ([a-z0-9._-]{1,40})$/.exec(line);
  if (missing !== null) return {is: 'missing', system: missing[1]!};
  const why = (/^failed (.*)$/.exec(line)?.[1] ?? line).replaceAll(/[^\x20-\x7e]/g, ' ').trim();
  return {is: 'failed', why: why === '' ? 'it said nothing' : why.slice(0, 300)};
}

const isPort = (text: string | undefined): boolean => Number(text) > 0 && Number(text) < 65_536;
