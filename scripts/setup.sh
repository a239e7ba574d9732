#!/bin/sh
# Brings this checkout to where `bin/boxyard` runs: dependencies from the lock file, a build of what changed, redis-server,
# as root the user for jobs on the machine itself, and the command `boxyard` on PATH. With --tests also what the tests use:
# container engines (started if they do not answer), tmux and a small image. Safe to run again: does only what is missing,
# says what it installs before it does, and is silent when nothing is missing.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
wants_tests=
for argument in "$@"; do
  case $argument in
    --tests) wants_tests=yes ;;
    *) echo "setup: unknown argument $argument; there is only --tests" >&2; exit 2 ;;
  esac
done

has_said=
say() { has_said=yes; echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
uid=$(id -u)

# Runs "$@" as root. Without a way to become root it prints the command to type, and ends.
as_root() {
  if [ "$uid" = 0 ]; then "$@"
  elif has sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then sudo "$@"
  else fail "this needs root. Type: sudo $*   then the same command again"
  fi
}

# install PACKAGE... with apt-get; the lists are fetched when a package is not in them.
install() {
  if ! has apt-get; then
    has brew || fail "please install $* with this system's package manager, then run the same command again"
    say "installing $* (brew)"; brew install "$@"; return
  fi
  if [ "$uid" != 0 ] && ! { has sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; then
    fail "$* is missing, and installing it needs root. Type: sudo apt-get update && sudo apt-get install -y $*   then the same command again"
  fi
  say "installing $* (apt-get)"
  apt_install "$@" >/dev/null 2>&1 || { as_root apt-get update -qq && apt_install "$@" >/dev/null; } || fail "apt-get could not install $*"
}
apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; }

dependencies() {
  mark=node_modules/.boxyard-lock
  # Which package at which version; what only says who asked for it is left out.
  now=$(sed -n '/^    "node_modules\//{N;p;}' package-lock.json | cksum)
  if [ -f node_modules/.package-lock.json ] && [ -x node_modules/node/bin/node ]; then
    [ -f $mark ] && [ "$(cat $mark)" = "$now" ] && return
    # Somebody ran `npm install` by hand: npm writes its own copy of the lock file last.
    [ -n "$(find node_modules/.package-lock.json -newer package-lock.json)" ] && { echo "$now" >$mark; return; }
  fi
  has npm || install npm
  say "installing the npm packages of package-lock.json, with Node $(sed -n 's/^    "node": "\([0-9].*\)",*$/\1/p' package.json) for Boxyard itself; once, about a minute"
  npm ci --no-audit --no-fund --loglevel=error >/dev/null || fail "npm ci failed"
  [ -x node_modules/node/bin/node ] || fail "the npm package node brought no Node for this platform ($(uname -sm)); Linux and macOS on x64 and arm64 are supported"
  echo "$now" >$mark
}

build() {
  [ -f .cache/build ] && [ -d dist ] &&
    [ -z "$(find packages/*/src examples/templates packages/*/package.json package.json package-lock.json scripts/build scripts/build.ts -newer .cache/build 2>/dev/null | head -n 1)" ] && return
  node_modules/node/bin/node scripts/build.ts || fail "the build failed"
}

redis() { has redis-server || has valkey-server || install redis-server; }

# Jobs of the engine `process` run as this user when the agent is root.
job_user() {
  [ "$uid" = 0 ] && [ "$(uname)" = Linux ] || return 0
  id -u boxyard-job >/dev/null 2>&1 && return
  say "making the user boxyard-job, for jobs that run on this machine itself"
  useradd --system --user-group --home-dir /var/lib/boxyard-job --shell /usr/sbin/nologin boxyard-job
}

command_on_path() {
  if [ "$uid" = 0 ]; then dir=/usr/local/bin; else dir=$HOME/.local/bin; fi
  if [ -e "$dir/boxyard" ]; then
    # Once, with what else was new: it may be meant so.
    [ "$dir/boxyard" -ef "$root/bin/boxyard" ] || [ -z "$has_said" ] ||
      say "the command boxyard in $dir is another one; for this one: ln -sf \"$root/bin/boxyard\" $dir/boxyard"
    return 0
  fi
  mkdir -p "$dir" 2>/dev/null && ln -sf "$root/bin/boxyard" "$dir/boxyard" 2>/dev/null || return 0
  case :$PATH: in
    *":$dir:"*) say "the command boxyard is now in $dir" ;;
    *) say "the command boxyard is now in $dir, which is not on your PATH: export PATH=\"$dir:\$PATH\"" ;;
  esac
}

dependencies
build
redis
job_user
command_on_path
if [ -n "$wants_tests" ]; then . scripts/test-machine.sh; fi
