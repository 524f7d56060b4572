#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an access, a kick and a watchdog cost, and how that grows, as one table: run.sh [BUILD-FOLDER] [RUNS] [--json FILE]
# [--svg FILE]. Ends with status 1 where a ratio of the same run misses its goal.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$root/build/release
if [ $# -ne 0 ] && [ -d "$1" ]; then
    build=$1
    shift
fi
program=$build/tests/bench/vigil_growth_bench
if [ ! -x "$program" ]; then
    echo "run.sh: $program is missing; to build it: cmake --preset release -DVIGIL_BUILD_BENCH=ON &&" \
        "cmake --build --preset release" >&2
    exit 2
fi
exec "$program" "$@"
