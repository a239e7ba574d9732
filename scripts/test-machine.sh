# Sourced by setup.sh --tests: the programs, engines and the image the tests use. Without root the engines are taken as they are;
# tests that miss one say so and are skipped.

test_programs() {
  [ "$(uname)" = Linux ] || return 0
  missing=
  for pair in podman:podman dockerd:docker.io runc:runc tmux:tmux busybox:busybox-static git:git ip:iproute2 iptables:iptables nsenter:util-linux curl:curl openssl:openssl bwrap:bubblewrap \
    Xtigervnc:tigervnc-standalone-server xtigervncviewer:tigervnc-viewer xterm:xterm xdotool:xdotool; do
    PATH=$PATH:/usr/sbin:/sbin has "${pair%%:*}" || missing="$missing ${pair#*:}"
  done
  has chromium || has chromium-browser || has google-chrome || missing="$missing chromium"
  # Installing the registry also starts it, open to the network, where systemd does; then the tests of pulls are left out.
  [ -d /run/systemd/system ] || has docker-registry || missing="$missing docker-registry"
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install $missing
}

docker_answers() { docker version >/dev/null 2>&1; }
podman_socket=/run/podman/podman.sock
podman_answers() { [ -S $podman_socket ] && curl -s -m 5 --unix-socket $podman_socket http://d/_ping >/dev/null; }

# wait_for FUNCTION: up to 30 s.
wait_for() {
  tries=0
  until "$1"; do
    tries=$((tries + 1))
    [ $tries -lt 150 ] || return 1
    sleep 0.2
  done
}

# Debian 12's crun refuses machines with both cgroup versions, and its default limits need a capability that containers lack.
# A file of our own, so that the machine's settings stay as they are.
podman_settings() {
  export CONTAINERS_CONF=/run/boxyard-tests/containers.conf
  [ -f $CONTAINERS_CONF ] && return
  mkdir -p /run/boxyard-tests
  cat >$CONTAINERS_CONF <<C
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]
[engine]
runtime = "runc"
C
}

start_engines() {
  if ! docker_answers; then
    say "starting dockerd for the tests (log: /var/log/boxyard-dockerd.log)"
    setsid dockerd </dev/null >/var/log/boxyard-dockerd.log 2>&1 &
    wait_for docker_answers || say "dockerd did not start: $(tail -n 1 /var/log/boxyard-dockerd.log)"
  fi
  if ! podman_answers; then
    say "starting podman's API for the tests (log: /var/log/boxyard-podman.log)"
    mkdir -p ${podman_socket%/*}
    # In a directory of its own: podman's conmon leaves an empty file `oom` there when a program of an exec runs out of memory.
    (cd ${podman_socket%/*} && exec setsid podman system service --time=0 unix://$podman_socket) </dev/null >/var/log/boxyard-podman.log 2>&1 &
    wait_for podman_answers || say "podman's API did not start: $(tail -n 1 /var/log/boxyard-podman.log)"
  fi
}

# missing_image NAME ENGINE
missing_image() { "$2_answers" && ! "$2" image inspect "$1" >/dev/null 2>&1; }

# image NAME FUNCTION: the function fills a directory, which becomes the image in every engine that lacks it. No registry is needed.
image() {
  missing_image "$1" docker || missing_image "$1" podman || return 0
  tree=$(mktemp -d)
  "$2" "$tree"
  for engine in docker podman; do
    missing_image "$1" "$engine" || continue
    say "making the image $1 for $engine"
    tar -C "$tree" -c . | "$engine" import - "$1" >/dev/null 2>&1 || say "$engine import failed"
  done
  rm -rf "$tree"
}

# One static busybox and its names.
base_tree() (
  cd "$1"
  mkdir -p bin etc tmp root proc sys dev var/tmp workspace
  chmod 1777 tmp var/tmp
  cp "$(command -v busybox)" bin/busybox
  for name in $(bin/busybox --list); do [ -e "bin/$name" ] || ln -s busybox "bin/$name"; done
  printf 'root:x:0:0:root:/root:/bin/sh\n' >etc/passwd
)

# The same with this machine's git, its libraries and certificates: for clones inside a box.
git_tree() (
  base_tree "$1"
  programs=$(git --exec-path)
  set -- "$1" "$(command -v git)" "$programs/git-remote-http" "$programs/git-remote-https"
  cd "$1" && shift
  { printf '%s\n' "$@"; ldd "$@" | grep -o '/[^ ]*'; find /lib /usr/lib -name 'libnss_dns.so.2' -o -name 'libnss_files.so.2'; ls /etc/ssl/certs/ca-certificates.crt; } 2>/dev/null |
    grep -v ':$' | sort -u | while read -r file; do cp --parents -L "$file" .; done
  mkdir -p ".$programs" usr/share/git-core/templates
  for name in git-upload-pack git-receive-pack git-upload-archive; do ln -sf git "usr/bin/$name"; done
  ln -sf /usr/bin/git ".$programs/git"
)

# The same with this machine's X server for VNC viewers, and a terminal to show on it.
vnc_tree() (
  base_tree "$1"
  set -- "$1" "$(command -v Xtigervnc)" "$(command -v xkbcomp)" "$(command -v xterm)"
  cd "$1" && shift
  { printf '%s\n' "$@"; ldd "$@" | grep -o '/[^ ]*'; } 2>/dev/null | grep -v ':$' | sort -u | while read -r file; do cp --parents -L "$file" .; done
  cp -r --parents /usr/share/X11/xkb /etc/X11/app-defaults .
)

test_programs
if [ "$(uname)" = Linux ] && [ "$uid" = 0 ]; then
  podman_settings
  start_engines
  image localhost/base:test base_tree
  image localhost/git:test git_tree
  has Xtigervnc && image localhost/vnc:test vnc_tree
fi
