#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vigil-run as a whole, on scenarios that are as bad as people can make them: sh vigil_run_test.sh VIGIL-RUN VIGIL-SIM
set -u

run=$1
sim=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

fail() {
    echo "FAILED: $*" >&2
    cat out >&2
    exit 1
}

# expect STATUS ARGUMENTS: the program's output is in "out" afterwards.
expect() {
    wanted=$1
    shift
    "$run" "$@" >out 2>&1
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status instead of $wanted: vigil-run $*"
}

# What a run's processes show of how far it is: one reads a file; the one that has the machine has others.
is_reading() { pgrep -P "$1" >/dev/null; }
is_running() {
    for child in $(pgrep -P "$1"); do
        if pgrep -P "$child" >/dev/null; then return 0; fi
    done
    return 1
}

# interrupt STATUS WHEN ARGUMENTS: as soon as WHEN holds of the run.
interrupt() {
    wanted=$1
    when=$2
    shift 2
    "$run" "$@" >out 2>&1 &
    runner=$!
    tries=0
    until $when $runner || [ $tries -ge 400 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -TERM $runner
    wait $runner
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status instead of $wanted of an interrupted run: $*"
}

# says TEXT: a line of the output has it.
says() { grep -qF -- "$1" out || fail "nothing says: $1"; }

# Each of them fails alone, and for the reason that stands beside it.
cat >bad.tcl <<'END'
machine {-device i6300esb,id=wdt -action watchdog=pause}
proc wait_in_vain {} {
    expect event WATCHDOG within 1s
}
scenario expectation {
    wdt attach

    catch { wait_in_vain }
    exit 0
}
scenario unknown { expct event WATCHDOG }
scenario forever { while 1 {} }
scenario recursion { proc f {} { f }; f }
scenario memory { set x aaaaaaaa; while 1 { append x $x } }
scenario exits { exit 3 }
scenario reads { open /etc/passwd }
scenario forks { exec ls }
scenario redefines { proc expect {args} {} }
scenario register { reg read wdt wdt_lok }
scenario device { reg read wdt2 wdt_lock }
scenario duration { run 30 }
scenario checks { check {1 == 2} }
scenario refused { qmp no-such-command }
scenario fine { wdt attach; puts hello; note there; expect status running }
scenario skipped { skip "not on this machine" }
END
expect 1 --jobs 2 --timeout 6s --memory 64 --transcripts left --jsonl bad.jsonl --junit bad.xml --tap bad.tap bad.tcl
says "bad.tcl:3: bad/expectation: there was no event instead; the machine is running at 1s"
says "bad.tcl:11: bad/unknown: there is no verb 'expct'; is it 'expect'?"
says "bad/forever: timed out"
says "bad/recursion: too many nested evaluations"
says "bad/memory: out of memory"
says "bad/exits: exited (status 3)"
says "bad/reads: there is no verb 'open'"
says "bad/forks: there is no verb 'exec'"
says "bad/redefines: 'expect' is a verb, which can't be defined anew"
says "bad/register: wdt has no register 'wdt_lok'; is it wdt_lock?"
says "bad/device: the machine has no device 'wdt2'; it has wdt"
says "bad/duration: '30' is no length of time"
says "bad/checks: it does not hold"
says "bad/refused: CommandNotFound"
says "16 scenarios"
says "1 passed, 2 failed"
for report in bad.jsonl bad.xml bad.tap; do [ -s $report ] || fail "$report is missing"; done
for transcript in left/bad_expectation-*.jsonl; do
    "$sim" -replay "$transcript" >out 2>&1 || fail "the transcript does not replay"
done

# The same ones again, and only they.
expect 0 --rerun-failed bad.jsonl --list bad.tcl
[ "$(wc -l <out)" -eq 14 ] || fail "not the failed ones are run again"
expect 0 --filter '*/fine' bad.tcl
expect 2 --filter nothing bad.tcl
says "none of the 16 scenarios is chosen"

# Files that are none.
printf 'scenario half { wdt attach\n' >half.tcl
printf 'scenario\0' >binary.tcl
printf 'scenario a {}\nscenario a {}\n' >twice.tcl
printf 'machine {-device i6300esb,nonsense=1}\n' >machine.tcl
printf 'source ../../etc/passwd\n' >outside.tcl
printf 'wdt attach\n' >early.tcl
printf 'while 1 {}\n' >endless.tcl
printf 'scenario fine {}\n' >good.tcl
expect 1 --timeout 6s half.tcl binary.tcl twice.tcl machine.tcl outside.tcl early.tcl endless.tcl good.tcl
says "half: the file ends in the middle of a command"
says "binary: the file is binary"
says "there is another scenario 'twice/a'"
says "machine.tcl:1: machine:"
says "outside.tcl:1: outside:"
says "'wdt' stands in the body of a scenario"
says "endless: "
says "2 passed"
mkdir empty
expect 2 empty
says "there is no scenario file"
expect 2 not-there
says "there is no file or folder 'not-there'"
expect 2
expect 2 --jobbs 2 good.tcl
says "is it --jobs?"
expect 2 --shard 3/2 good.tcl
expect 2 --junit /dev/full good.tcl
says "it is no regular file"

# What a scenario leaves behind, the next one does not see, though they may share a process.
cat >leaves.tcl <<'END'
set colour red
array set shade {light 1 dark 2}
set list {a b}
proc greet {} { return hello }
proc each {names} {
    set seen {}
    foreach name $names {
        scenario "local $name" {
            lappend seen $name
            check {[llength $seen] == 1}
        }
    }
}
machine {-device i6300esb,id=wdt -action watchdog=pause}
scenario first {
    set colour blue; set shade(light) 5; set shade(new) 6; unset list; set other 1; set i 7
    wdt attach; wdt preload 1; wdt enable
    qmp set-action {"panic": "pause", "reboot": "shutdown"}
    run until WATCHDOG
    snapshot then
    expr srand(5)
    writel 0x1000 0x12345678
}
scenario second {
    check {$colour eq "red" && $list eq "a b" && ![info exists other] && ![info exists i]}
    check {[array size shade] == 2 && $shade(light) == 1}
    check {[now] == 0}
    check {[readl 0x1000] == 0}
    expect status running
    expect register wdt wdt_lock 0
    check {[catch {restore then} why] && [string match "there is no snapshot*" $why]}
    expect no event WATCHDOG within 10s
    set numbers [list [random 0 1000000] [expr rand()]]
}
scenario "makes a procedure" { proc greet {} { return bye }; proc another {} {}; check {[greet] eq "bye"} }
scenario "the procedure is as it was" { check {[greet] eq "hello" && [info commands another] eq ""} }
scenario "makes a namespace" { namespace eval mine { variable a 1 } }
scenario "there is none" { check {![namespace exists mine]} }
scenario "makes an object" { oo::object create thing }
scenario "there is no object" { check {[info commands thing] eq ""} }
scenario "renames" { rename greet hi }
scenario "it has its name again" { check {[greet] eq "hello"} }
scenario "links" { upvar 0 colour tint; set tint green }
scenario "is linked to nothing" { check {$colour eq "red" && ![info exists tint]}; set tint blue; check {$colour eq "red"} }
scenario "ends the machine" { qmp quit }
scenario "has another machine" { expect status running }
scenario "leaves a capability" { qmp migrate-set-capabilities {"capabilities": [{"capability": "events", "state": true}]} }
scenario "panics late" { expect status running; run 5s; qmp stop; expect status paused }
scenario "runs again" { expect status running; check {[now] == 0} }
each {one two three}
set drawn [expr rand()]
scenario "file's numbers are the same [format %.6f $drawn]" { check {$drawn == [set drawn]} }
END
printf 'oo::class create counter { variable n; method next {} { incr n } }\ncounter create c\n' >objects.tcl
# shellcheck disable=SC2016 # Tcl's
printf 'foreach k {1 2 3} { scenario "object $k" { check {[c next] == 1} } }\n' >>objects.tcl
printf 'namespace eval kept { variable n 0 }\n' >spaces.tcl
# shellcheck disable=SC2016
printf 'foreach k {1 2 3} { scenario "space $k" { check {[incr kept::n] == 1} } }\n' >>spaces.tcl
printf 'trace add variable ::watched write {apply {{args} {incr ::seen}}}\nset seen 0\n' >traces.tcl
# shellcheck disable=SC2016
printf 'foreach k {1 2} { scenario "trace $k" { set watched 1; check {$seen == 1} } }\n' >>traces.tcl
for isolated in "" --isolate; do
    for jobs in 1 2; do
        expect 0 --jobs $jobs $isolated --jsonl leaves$jobs$isolated.jsonl leaves.tcl objects.tcl spaces.tcl traces.tcl
        grep -v '"summary"' leaves$jobs$isolated.jsonl | sed 's/"wall_ns": [0-9]*//' | sort >told
        [ -e told.first ] || mv told told.first
        [ ! -e told ] || cmp told told.first || fail "it makes a difference how they share processes"
    done
done

# Many of them cost few processes, and one that crashes in between costs one more.
i=0
while [ $i -lt 300 ]; do
    echo "scenario \"n $i\" { wdt attach; if {$i == 150} { exit 7 } }"
    i=$((i + 1))
done >crowd.tcl
sed -i '1i machine {-device i6300esb}' crowd.tcl
expect 1 --jobs 1 --jsonl crowd.jsonl crowd.tcl
says "crowd/n 150: exited (status 7)"
says "299 passed, 1 exited"

# Shards are a division, and an empty one is no failure.
i=0
while [ $i -lt 20 ]; do
    echo "scenario number$i {check {[random 0 9] <= 9}}"
    i=$((i + 1))
done >many.tcl
for shard in 1 2 3; do
    expect 0 --shard $shard/3 --jsonl shard-$shard.jsonl many.tcl
done
expect 0 --merge --junit all.xml shard-1.jsonl shard-2.jsonl shard-3.jsonl
says "20 scenarios, 0 of them bad"
empty=
for shard in 1 2 3; do
    "$run" --shard $shard/3 good.tcl >out 2>&1 || fail "shard $shard/3"
    if grep -qF "has no scenario in it" out; then empty=$shard; fi
done
[ -n "$empty" ] || fail "no shard says that it is empty"

# Repetitions have seeds of their own, the same in every run.
expect 0 --repeat 3 --seed 7 --jsonl first.jsonl good.tcl
expect 0 --repeat 3 --seed 7 --jsonl second.jsonl good.tcl
sed -n 's/.*"seed": \([0-9]*\).*/\1/p' first.jsonl | head -3 | sort -u >first
sed -n 's/.*"seed": \([0-9]*\).*/\1/p' second.jsonl | head -3 | sort -u >second
cmp first second || fail "the seeds are others"
[ "$(wc -l <first)" -eq 3 ] || fail "the repetitions have one seed"

# Also while the files are still read.
printf 'while 1 {}\n' >never.tcl
interrupt 2 is_reading --timeout 100s never.tcl
says "interrupted while the files were read"

# Errors name the file that they are in, also where several have one name.
mkdir -p deep/er
printf 'source deep/er/deep.tcl\nscenario outer { inner }\n' >deep.tcl
printf 'proc inner {} {\n    expct nothing\n}\n' >deep/er/deep.tcl
expect 1 deep.tcl
says "deep/er/deep.tcl:2: deep/outer: there is no verb 'expct'"

# On a terminal there is a bar, where there can be terminals.
if script -qec true terminal >/dev/null 2>&1 </dev/null; then
    script -qec "\"$run\" --isolate --jobs 1 crowd.tcl" terminal >/dev/null 2>&1 </dev/null
    grep -qF '[####' terminal || fail "there is no bar on a terminal"
fi

# The first failure ends the run.
printf 'scenario first { check 0 }\nscenario second {}\n' >fast.tcl
expect 1 --jobs 1 --fail-fast fast.tcl
says "1 failed"

# An interruption ends all, and the reports are written.
printf 'scenario fine {}\nscenario forever { while 1 {} }\n' >long.tcl
interrupt 1 is_running --jobs 2 --jsonl long.jsonl long.tcl
says "interrupted"
grep -q '"summary"' long.jsonl || fail "the report of an interrupted run is not complete"
echo "all is as it should be"
