# Sourced by setup.sh --tests: the programs, engines and the image the tests use. Without root the engines are taken as they are;
# tests that miss one say so and are skipped.

test_programs() {
  [ "$(uname)" = Linux ] || return 0
  missing=
  for pair in podman:podman dockerd:docker.io runc:runc tmux:tmux busybox:busybox-static git:git ip:iproute2 iptables:iptables curl:curl; do
    PATH=$PATH:/usr/sbin:/sbin has "${pair%%:*}" || missing="$missing ${pair#*:}"
  done
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
    setsid podman system service --time=0 unix://$podman_socket </dev/null >/var/log/boxyard-podman.log 2>&1 &
    wait_for podman_answers || say "podman's API did not start: $(tail -n 1 /var/log/boxyard-podman.log)"
  fi
}

# localhost/base:test, one static busybox and its names: needs no registry.
base_image() {
  image=localhost/base:test
  for engine in docker podman; do
    "$engine" image inspect $image >/dev/null 2>&1 && continue
    "${engine}_answers" || continue
    say "making the image $image for $engine"
    tree=$(mktemp -d)
    (cd "$tree" && mkdir -p bin etc tmp root proc sys dev var/tmp workspace && chmod 1777 tmp var/tmp &&
      cp "$(command -v busybox)" bin/busybox && for name in $(bin/busybox --list); do [ -e "bin/$name" ] || ln -s busybox "bin/$name"; done &&
      printf 'root:x:0:0:root:/root:/bin/sh\n' >etc/passwd)
    tar -C "$tree" -c . | "$engine" import - $image >/dev/null 2>&1 || say "$engine import failed"
    rm -rf "$tree"
  done
}

test_programs
if [ "$(uname)" = Linux ] && [ "$uid" = 0 ]; then
  podman_settings
  start_engines
  base_image
fi
