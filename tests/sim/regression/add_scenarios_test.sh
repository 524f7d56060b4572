#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vigil_add_scenarios makes a test per scenario: sh add_scenarios_test.sh VIGIL-RUN FOLDER-OF-THE-CMAKE-MODULE
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES NONE)
enable_testing()
include("$2/VigilScenarios.cmake")
vigil_add_scenarios(watchdog FILES "kicks.tcl" "other file.tcl" OPTIONS --seed 5)
END
cat >"$work/kicks.tcl" <<'END'
machine {-device i6300esb,id=wdt}
foreach n {1 2} { scenario "n\[$n\] * is one" { check {$n == 1} } }
END
echo 'scenario fine {}' >"$work/other file.tcl"
cmake -S "$work" -B "$work/build" -D VIGIL_RUN="$1" >/dev/null
ctest --test-dir "$work/build" >"$work/out" 2>&1 && status=0 || status=$?
cat "$work/out"
[ $status -ne 0 ]
grep -q 'watchdog: kicks/n\[1\] \* is one .*Passed' "$work/out"
grep -q 'watchdog: kicks/n\[2\] \* is one .*Failed' "$work/out"
grep -q 'watchdog: other file/fine .*Passed' "$work/out"
grep -q 'out of 3' "$work/out"
