#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs the main job: a driver that kicks its watchdog for a while and falls silent.
set -eu

if [ $# -ne 0 ]; then
    echo "usage: sim/run.sh (without arguments)" >&2
    exit 2
fi
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
echo "Replaying the Linux driver's accesses, 40 times as fast as they were made; a QMP client listens on $socket"
echo
"$build/sim/vigil-sim" -machine pc -nodefaults -display none -device i6300esb -action watchdog=pause \
    -clock paced,factor=40 -qmp "unix:$socket,server=on,wait=off" \
    -guest-trace "file=$root/sim/data/linux-i6300esb.jsonl,scenario=heartbeat-30" -timeline

cat <<EOF

To attach a QMP client of your own, start a machine that stays, and talk to its socket (this one is made for people):
    $build/sim/vigil-sim -machine pc -device i6300esb -qmp unix:/tmp/qmp,server=on,wait=off &
    $build/sim/vigil-qmp /tmp/qmp query-status
To put the watchdog into a SystemC platform of your own, install and link vigil::models; README.md shows the program:
    cmake --install $build --prefix PREFIX        # then find_package(vigil) or pkg-config vigil-models
EOF
