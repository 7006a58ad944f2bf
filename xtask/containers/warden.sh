#!/bin/sh
# Ends the engine when the chore that started it is gone, however that ended: reads the engine's process id, then waits
# for the end of its standard input. $1 is the engine's folder, $2 the network namespace or nothing, $3 what it keeps.
read -r engine || engine=
keep=
while read -r word; do [ "$word" != keep ] || keep=yes; done

runs() {
    [ -n "$engine" ] && [ -e "/proc/$engine/status" ] && ! grep -q '^State:.Z' "/proc/$engine/status"
}
if runs; then
    # It ends its containers first.
    kill -TERM "$engine"
    for _ in $(seq 300); do
        runs || break
        sleep 0.2
    done
    ! runs || kill -KILL "$engine"
fi
[ -z "$2" ] || ip netns del "$2"
rm -rf --one-file-system -- "$1"
[ -n "$keep" ] || rm -rf --one-file-system -- "$3"
