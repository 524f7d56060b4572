#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test: each fuzz target under libFuzzer for ten seconds, then all
# under the sanitizers, then as released.
set -eu

if [ $# -ne 0 ]; then
    echo "usage: tests/run.sh (without arguments; ctest --preset release -R NAME runs single tests)" >&2
    exit 2
fi
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
sh sim/packages.sh tests fuzz

presets="fuzz asan release"
drivers=OFF # under the sanitizers libFuzzer is the better one
if ! command -v clang++ >/dev/null; then
    echo "No clang++ here: going on without libFuzzer" >&2
    presets="asan release"
    drivers=ON
fi

jobs=$(($(nproc) + 1)) # many tests wait
for preset in $presets; do
    echo "Building build/$preset"
    tests=ON
    bench=OFF
    with=$drivers
    case $preset in
    fuzz) tests=OFF ;; # only the targets
    release) bench=ON with=ON ;;
    esac
    cmake --preset "$preset" -DVIGIL_BUILD_TESTS=$tests -DVIGIL_BUILD_BENCH=$bench -DVIGIL_BUILD_FUZZ_DRIVERS=$with \
        >/dev/null
    cmake --build --preset "$preset"
done

failed=
for preset in $presets; do
    echo "Testing build/$preset"
    ctest --preset "$preset" --parallel "$jobs" || failed="$failed $preset"
done
[ -z "$failed" ] || {
    echo "Failed, see above:$failed" >&2
    exit 1
}
