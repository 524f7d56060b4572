#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts the instructions of key paths under callgrind and compares them with those that are known for this release of
# Debian and this compiler: counts_test.sh COUNTED_PATHS VIGIL_SIM FOLDER COMPILER [--bless]. With --bless the counts become
# the known ones. Status 77: there is no valgrind, or nothing is known for the pair.
set -eu
counted=$1
sim=$2
folder=$3
compiler=$4
mode=${5:-}
tolerance=3 # percent

command -v valgrind >/dev/null || {
    echo "skipped: there is no valgrind here"
    exit 77
}
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$ID-${VERSION_ID:-unknown}")
known=$folder/$release-$compiler.txt
if [ ! -e "$known" ] && [ "$mode" != --bless ]; then
    echo "skipped: no counts are known for $release with $compiler; --bless makes $known"
    exit 77
fi

work=$(mktemp -d)
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
server=
# What the C library chooses by the processor would count differently on another one.
GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX,-BMI1,-BMI2,-ERMS,-FSRM,-LZCNT,-MOVBE,-POPCNT,-RTM,-SSE4_2,-SSSE3,-XSAVE,-XSAVEC
export GLIBC_TUNABLES

under_callgrind() { # LOG COMMAND...
    log=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" "$@" </dev/null
}
collected() { sed -n 's/.*Collected : *//p' "$1"; }

# total PATH COUNT: the instructions of a whole run.
total() {
    rm -f "$work"/*.sock
    case $1 in
    register-read | config-read | kick | wrmsr)
        under_callgrind "$work/log" "$counted" "$1" "$2" >/dev/null
        ;;
    *)
        under_callgrind "$work/log" "$sim" -display none -nodefaults -accel qtest -device i6300esb -qtest-log none \
            -qmp "unix:$work/qmp.sock,server=on,wait=off" -qtest "unix:$work/qtest.sock,server=on,wait=off" \
            >/dev/null 2>&1 &
        server=$!
        "$counted" "$1" "$2" "$work/qmp.sock" "$work/qtest.sock" >&2
        wait $server
        server=
        ;;
    esac
    collected "$work/log"
}

# count PATH FEW MANY: the instructions of one.
count() {
    few=$(total "$1" "$2")
    many=$(total "$1" "$3")
    echo "$1 $(((many - few) / ($3 - $2)))"
}

counts_of() { # PATH...
    for path; do
        case $path in
        start) echo "start $(total start 1)" ;;
        event) count event 50 550 ;;
        query-status) count query-status 200 3200 ;;
        qtest-line) count qtest-line 1000 21000 ;;
        *) count "$path" 1000 51000 ;;
        esac
    done
}
# compare COUNTS: a line for each; the paths that take more than the tolerance, in $work/slower.
compare() {
    awk -v tolerance=$tolerance -v slower="$work/slower" '
        BEGIN { printf "" >slower }
        NR == FNR { known[$1] = $2; next }
        {
            change = known[$1] == 0 ? 100 : 100 * ($2 - known[$1]) / known[$1]
            word = change > tolerance ? "more than the tolerance" : change < -tolerance ? "fewer: bless them" : ""
            if (change > tolerance) print $1 >slower
            printf "%-14s %9d instructions, %9d known, %+.1f %% %s\n", $1, $2, known[$1], change, word
        }' "$known" "$1"
}

counts_of register-read config-read kick wrmsr query-status event qtest-line start >"$work/counts"
if [ "$mode" = --bless ]; then
    cp "$work/counts" "$known"
    echo "$known:"
    cat "$known"
    exit 0
fi
compare "$work/counts"
# How often a server finds nothing to do yet depends on its clients: that only adds, so the least of three counts.
for _ in 1 2; do
    [ -s "$work/slower" ] || exit 0
    # shellcheck disable=SC2046 # a list of words
    counts_of $(cat "$work/slower") >"$work/counts"
    compare "$work/counts"
done
[ ! -s "$work/slower" ]
