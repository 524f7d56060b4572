#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds vigil-sim, and runs it: a guest that boots, kicks its watchdog for a while, and hangs.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$root/build/release

sh "$root/sim/packages.sh"

cd "$root"
# The tests need packages of their own, so a first build goes without them; a later one keeps what was chosen.
tests=
[ -f "$build/CMakeCache.txt" ] || tests=-DVIGIL_BUILD_TESTS=OFF
echo "Building $build/sim/vigil-sim"
cmake --preset release $tests >/dev/null
cmake --build --preset release --target vigil-sim vigil-qmp

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' HUP INT TERM
socket=$directory/qmp

# The main job.
set -- "$build/sim/vigil-sim" \
    -machine pc -nodefaults -display none -device i6300esb -action watchdog=pause \
    -clock paced,factor=40 -qmp "unix:$socket,server=on,wait=off" \
    -guest-trace "file=$root/sim/data/linux-i6300esb.jsonl,scenario=heartbeat-30" -timeline on
echo "$*"
"$@"
