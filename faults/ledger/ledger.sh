#!/bin/sh
# The workload of the fault suite: tells that it started, writes numbered lines with a running checksum, ends as it was told.
#   --lines N   how many lines (default 10)
#   --rate R    lines a second; 0 is full speed (default)
#   --exit C    exit code (default 0)
#   --mark DIR  where a start is recorded as DIR/KEY.ATTEMPT.n, made with O_EXCL, n = 1, 2, …; left out in containers, whose
#               starts are counted from the engine's own events
#   --key K     the KEY; --deaf ignores SIGTERM; --err writes every tenth line to stderr too
lines=10 rate=0 code=0 mark= key=x deaf= err=
while [ $# -gt 0 ]; do
  case $1 in
    --lines) lines=$2; shift ;;
    --rate) rate=$2; shift ;;
    --exit) code=$2; shift ;;
    --mark) mark=$2; shift ;;
    --key) key=$2; shift ;;
    --deaf) deaf=yes ;;
    --err) err=yes ;;
    *) echo "ledger: unknown argument $1" >&2; exit 64 ;;
  esac
  shift
done
[ -z "$deaf" ] || trap '' TERM

if [ -n "$mark" ]; then
  n=1
  set -C
  until (: >"$mark/$key.${BOXYARD_ATTEMPT:-0}.$n") 2>/dev/null; do
    n=$((n + 1))
    [ $n -le 50 ] || { echo "ledger: cannot mark in $mark" >&2; exit 65; }
  done
  set +C
fi

# Slow rates come in bursts of a fifth of a second, so that fifty ledgers cost little.
burst=$(( rate / 5 )); [ $burst -gt 0 ] || burst=1
pause=0.2; case $rate in 1) pause=1 ;; 2) pause=0.5 ;; 3|4) pause=0.3 ;; esac
sum=1 i=0
while [ $i -lt "$lines" ]; do
  sum=$(( (sum * 31 + i) % 2147483647 ))
  printf 'L%06d %08x\n' $i $sum
  [ -z "$err" ] || [ $((i % 10)) -ne 0 ] || printf 'E%06d\n' $i >&2
  i=$((i + 1))
  [ "$rate" -eq 0 ] || [ $((i % burst)) -ne 0 ] || sleep $pause
done
printf 'end %d %08x\n' $i $sum
exit "$code"
