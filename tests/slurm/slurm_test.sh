#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs shards on a Slurm cluster of this machine alone, a controller and two nodes, which the test starts and ends:
# slurm_test.sh VIGIL_RUN_SLURM VIGIL_RUN. Status 77: Slurm or MUNGE is not here, or can't be started.
set -eu
program=$1
real_runner=$2
PATH=$PATH:/usr/sbin:/sbin

skip() {
    echo "skipped: $*"
    exit 77
}
fail() {
    said="failed: $*"
    for log in "$folder"/*.out; do
        echo "--- $log" >&2
        tail -n 15 "$log" >&2
    done
    echo "$said" >&2
    exit 1
}

for tool in munged slurmctld slurmd sbatch sinfo; do
    command -v "$tool" >/dev/null || skip "there is no $tool here (slurm-wlm, munge)"
done

folder=$(mktemp -d)
pids=

parent_of() { sed -n 's/^PPid:[^0-9]*//p' "/proc/$1/status" 2>/dev/null; }

# kill_node NODE SHARD: the daemon, the runner, whose number the shard's mark has, its script, and what keeps that.
kill_node() {
    job=$(sed -n "s/^$1 //p" "$2" | tail -n 1)
    script=$(parent_of "$job")
    keeper=$(parent_of "$script")
    case $(tr '\0' ' ' <"/proc/$keeper/cmdline") in
    slurmstepd*) ;;
    *) fail "process $keeper does not keep a job" ;;
    esac
    kill -9 "$(cat "$folder/$1.pid")" "$keeper" "$script" "$job"
}

# The jobs end before their daemons, which would leave them.
finish() {
    status=$?
    trap - EXIT
    if [ -n "$runner" ]; then
        kill "$runner" 2>/dev/null || true
    fi
    scancel --quiet --user="$(id -un)" 2>/dev/null || true
    tries=0
    while [ "$tries" -lt 20 ] && squeue --noheader --states=running,pending 2>/dev/null | grep -q .; do
        tries=$((tries + 1))
        sleep 0.2
    done
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    wait
    rm -rf "$folder"
    exit "$status"
}
runner=
trap finish EXIT
trap 'exit 1' INT TERM HUP

is_free() { ! grep -q "^ *[0-9]*: [0-9A-F]*:$(printf '%04X' "$1") " /proc/net/tcp; }
port=$((20000 + $$ % 9000 * 3))
while ! { is_free $port && is_free $((port + 1)) && is_free $((port + 2)); }; do port=$((port + 3)); done

host=$(uname -n)
cat >"$folder/slurm.conf" <<END
ClusterName=vigil
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
SlurmctldPort=$port
SlurmctldPidFile=$folder/slurmctld.pid
StateSaveLocation=$folder/state
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmdSpoolDir=$folder/spool-%n
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdTimeout=3
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES State=UP MaxTime=INFINITE
END
# Containers have no control groups of their own. Older versions have no word for that, and need none.
version=$(slurmd -V | sed 's/[^0-9]*\([0-9]*\).*/\1/')
[ "$version" -lt 24 ] || echo CgroupPlugin=disabled >"$folder/cgroup.conf"
SLURM_CONF=$folder/slurm.conf
export SLURM_CONF

mkdir "$folder/state" "$folder/spool-n1" "$folder/spool-n2"
(umask 077 && dd if=/dev/urandom of="$folder/munge.key" bs=64 count=1 2>/dev/null)
munged --foreground --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munged.seed" \
    >"$folder/munged.out" 2>&1 &
pids=$!
slurmctld -D -c >"$folder/slurmctld.out" 2>&1 &
pids="$pids $!"
for node in n1 n2; do
    slurmd -D -N "$node" >"$folder/$node.out" 2>&1 &
    echo $! >"$folder/$node.pid"
    pids="$! $pids"
done

tries=0
until [ "$(sinfo --noheader --Node --format=%t 2>/dev/null | grep -cx idle)" -eq 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || skip "Slurm can't be started here: $(tail -n 1 -q "$folder"/*.out | tr '\n' ' ')"
    sleep 0.2
done

cd "$folder"
# The runner, but where a node is to be lost: in the folder of marks, each shard's file has a line for each try, node and
# process, and on the node n2 it stops there.
cat >runner <<END
#!/bin/sh
if [ "\$1" = --shard ] && [ -n "\${MARKS:-}" ]; then
    echo "\$SLURMD_NODENAME \$\$" >>"\$MARKS/begun-\${2%/*}"
    [ "\$SLURMD_NODENAME" != n2 ] || kill -STOP \$\$
fi
exec "$real_runner" "\$@"
END
chmod +x runner
VIGIL_RUN=$folder/runner
export VIGIL_RUN

# scenarios COUNT: of which the 5000th fails.
scenarios() {
    cat <<END
machine {-device i6300esb,id=wdt -action watchdog=pause}
for {set i 1} {\$i <= $1} {incr i} {
    scenario "number \$i" {
        wdt attach
        wdt preload 1
        wdt enable
        expect event WATCHDOG action pause within 1s
        check {\$i != 5000}
    }
}
END
}
scenarios 3 >few.tcl
scenarios 10000 >many.tcl
mkdir none

# status_is NUMBER ARGUMENTS
status_is() {
    wanted=$1
    shift
    status=0
    sh "$program" "$@" >run.out 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || fail "status $status, not $wanted, of: $* ($(cat run.out))"
}
says() { grep -qF -- "$1" run.out || fail "nobody said: $1 ($(cat run.out))"; }

# What it refuses without asking Slurm.
status_is 2 --shards 4
says "what to run must stand after"
status_is 2 -- few.tcl
says "--shards is missing"
for wrong in 0 -1 4x 123456; do
    status_is 2 --shards "$wrong" -- few.tcl
    says "--shards takes a number"
done
status_is 2 --shards 4 --array=1-9 -- few.tcl
says "'--array=1-9' is not for you to give"

# Shards that run nothing, and options that Slurm refuses.
status_is 2 --shards 2 --work nothing -- none
says "no shard left a report"
says "there is no scenario file"
status_is 2 --shards 2 --work refused --partition=nowhere -- few.tcl
says "sbatch takes no job"

# Everything passes; one shard has nothing to do; nothing but the report is left.
mkdir passing
cd passing
status_is 0 --shards 4 --junit "o'clock.xml" --job-name=nightly -- ../few.tcl
says "3 scenarios, 0 of them bad"
[ "$(ls)" = "$(printf "o'clock.xml\nrun.out")" ] || fail "left behind: $(ls)"
cd ..

# begin FOLDER ARGUMENTS: a run in the background, as far as that a shard hangs on n2.
begin() {
    marks=$1
    shift
    mkdir "$marks"
    MARKS=$folder/$marks sh "$program" --shards 4 "$@" -- --transcripts failed many.tcl >run.out 2>&1 &
    runner=$!
    until grep -qs "^n2 [0-9]" "$marks"/begun-*; do
        kill -0 "$runner" 2>/dev/null || fail "the run ended too early ($(cat run.out))"
        sleep 0.1
    done
}

# Whoever ends the run ends its shards.
begin stopped --work stopped-work
kill "$runner"
status=0
wait "$runner" || status=$?
runner=
[ "$status" -ne 0 ] || fail "an interrupted run passed"
says interrupted
while squeue --noheader --states=running,pending | grep -q .; do sleep 0.2; done

# A node is lost while it runs a shard.
begin marks --junit all.xml --html all.html --work lossy
shard=$(grep -ls "^n2 [0-9]" marks/begun-* | head -n 1)
kill_node n2 "$shard"
status=0
wait "$runner" || status=$?
runner=
[ "$status" -eq 1 ] || fail "status $status, not 1, of the run with a failure ($(cat run.out))"
says "were lost and are run again"
says "10000 scenarios, 1 of them bad"
[ "$(wc -l <"$shard")" -ge 2 ] || fail "the shard of the lost node was not run again"
[ "$(grep -c '<testcase ' all.xml)" -eq 10000 ] || fail "the report is not whole"
[ "$(grep -c '<failure ' all.xml)" -eq 1 ] || fail "the failure is not in the report"
