#!/bin/sh
# Stands beside a lab and ends what is left of it when the test that owns it was itself killed: guardian.sh PID ROOT/
# It is ended with the lab's other processes where the test could still tidy up.
while kill -0 "$1" 2>/dev/null; do sleep 2; done
for process in /proc/[0-9]*; do
  [ "$process" = "/proc/$$" ] || ! grep -qsaF "$2" "$process/cmdline" "$process/environ" || kill -9 "${process#/proc/}" 2>/dev/null
done
awk -v root="$2" 'index($2, root) == 1 {print $2}' /proc/mounts | while read -r mount; do umount -l "$mount"; done
rm -rf "$2"
