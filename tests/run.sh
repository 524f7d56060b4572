#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test: under the sanitizers, then as released.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
sh sim/packages.sh tests

jobs=$(nproc)
for preset in asan release; do
    echo "Building build/$preset"
    bench=OFF
    [ $preset = asan ] || bench=ON
    cmake --preset $preset -DVIGIL_BUILD_TESTS=ON -DVIGIL_BUILD_BENCH=$bench >/dev/null
    cmake --build --preset $preset
done

failed=
for preset in asan release; do
    echo "Testing build/$preset"
    ctest --preset $preset --parallel "$jobs" || failed="$failed $preset"
done
[ -z "$failed" ] || {
    echo "Failed, see above:$failed" >&2
    exit 1
}
