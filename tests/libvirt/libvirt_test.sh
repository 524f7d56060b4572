#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# virsh with its embedded driver, so without a daemon, runs domains whose emulator is vigil-qemu-7.2:
# libvirt_test.sh PROGRAMS SUBJECT, where PROGRAMS is the folder of vigil-sim. Status 77: libvirt is not here.
set -eu
programs=$1
subject=$2

skip() {
    echo "skipped: $*"
    exit 77
}
fail() {
    said="failed: $*"
    for log in "$folder"/root/log/qemu/*.log; do
        [ ! -r "$log" ] || tail -n 15 "$log" >&2
    done
    echo "$said" >&2
    exit 1
}

command -v virsh >/dev/null || skip "there is no virsh here (libvirt-clients)"
for place in /usr/lib/*/libvirt/connection-driver /usr/lib64/libvirt/connection-driver; do
    driver=$place/libvirt_driver_qemu.so
    [ ! -r "$driver" ] || break
done
[ -r "$driver" ] || skip "libvirt's driver for QEMU is not here (libvirt-daemon-driver-qemu)"
version=$(virsh --version | sed 's/\..*//')

# Its own copies, as whoever virsh runs as need not reach the build. The shorter the better: sockets are in it.
folder=$(mktemp -d /tmp/vigil-XXXXXX)
cp "$programs/vigil-sim" "$programs/vigil-qemu-7.2" "$folder"
mkdir "$folder/root" "$folder/root/etc"
echo 'stdio_handler = "file"' >"$folder/root/etc/qemu.conf" # rather than a daemon that outlives the test
virsh=virsh
if [ "$(id -u)" -eq 0 ]; then # for root, libvirt wants users that only its daemon's package makes
    chown -R 65534:65534 "$folder"
    virsh="setpriv --reuid=65534 --regid=65534 --clear-groups virsh"
fi

# A domain outlives the virsh that has started it, and so may what has watched over its start.
shell=
finish() {
    status=$?
    trap - EXIT
    [ -z "$shell" ] || kill "$shell" 2>/dev/null || true
    for file in "$folder"/root/run/qemu/*.pid "$folder"/root/lib/qemu/*/*.pid; do
        [ -r "$file" ] || continue
        number=$(cat "$file")
        case $(readlink "/proc/$number/exe" || true) in
        "$folder"/vigil-sim*) kill -9 "$number" ;;
        esac
    done
    rm -rf "$folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# domain NAME MACHINE DEVICES [MORE]: its description, without what libvirt adds by itself; its qtest socket is
# $folder/NAME.qtest.
domain() {
    default_domain "$1" "$2" "<controller type='usb' model='none'/><memballoon model='none'/> $3" "${4:-}"
}
# The same, with what libvirt adds.
default_domain() {
    cat >"$folder/$1.xml" <<END
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>$1</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='$2'>hvm</type></os>
  ${4:-}
  <devices>
    <emulator>$folder/vigil-qemu-7.2</emulator>
    $3
  </devices>
  <qemu:commandline>
    <qemu:arg value='-qtest'/><qemu:arg value='unix:$folder/$1.qtest,server=on,wait=off'/>
    <qemu:arg value='-qtest-log'/><qemu:arg value='none'/>
    <qemu:arg value='-qmp'/><qemu:arg value='unix:$folder/$1.qmp,server=on,wait=off'/>
  </qemu:commandline>
</domain>
END
}

# One virsh takes the commands of the test from a pipe, and marks where each answer ends.
mkfifo "$folder/commands"
(cd "$folder" && HOME=$folder/root exec $virsh --quiet --connect "qemu:///embed?root=$folder/root") \
    <"$folder/commands" >"$folder/out" 2>&1 &
shell=$!
exec 3>"$folder/commands"
marks=0
asked=
# ask COMMAND: its answer is in $folder/answer.
ask() {
    begin "$@"
    until_answered
}
begin() {
    asked=$*
    marks=$((marks + 1))
    from=$(wc -l <"$folder/out")
    printf '%s\necho mark-%s.\n' "$*" "$marks" >&3
}
until_answered() {
    until grep -q "^mark-$marks\." "$folder/out"; do
        kill -0 "$shell" 2>/dev/null || fail "virsh has ended at: $asked ($(cat "$folder/out"))"
        sleep 0.05
    done
    tail -n "+$((from + 1))" "$folder/out" >"$folder/answer"
    ! grep -q "^error:" "$folder/answer" || fail "$asked: $(cat "$folder/answer")"
}
says() { grep -qF -- "$1" "$folder/answer" || fail "$asked: not '$1' ($(cat "$folder/answer"))"; }
# until_says TEXT COMMAND: asks until the answer has the text.
until_says() {
    wanted=$1
    shift
    while ask "$@" && ! grep -qF -- "$wanted" "$folder/answer"; do sleep 0.05; done
}
# lines SOCKET LINE...: says lines there, and waits for an answer to each.
lines() {
    perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(shift) or die "no socket: $!\n";
        for (@ARGV) { print $s "$_\n"; $s->flush; my $a = <$s>; die "$_: $a\n" if defined $a && $a =~ /^FAIL|"error"/; }' \
        "$@" || fail "nobody answers: $*"
}
guest() { # DOMAIN LINE...: what its guest does
    socket=$folder/$1.qtest
    shift
    lines "$socket" "$@"
}

# slot_of DOMAIN START: the slot of the device whose element begins so.
slot_of() {
    ask dumpxml "$1"
    printf '%d' "$(sed -n "/$2/,/<address/s/.*slot='\(0x[0-9a-f]*\)'.*/\1/p" "$folder/answer")"
}
place_bar() { # DOMAIN SLOT [BUS]: to 0xfe000000
    slot=$((${3:-0} << 16 | $2 << 11 | 1 << 31))
    guest "$1" "outl 0xcf8 $((slot | 0x10))" "outl 0xcfc 0xfe000000" "outl 0xcf8 $((slot | 4))" "outw 0xcfc 2"
}
# Every register of an i6300esb that its driver needs, for two stages of a millisecond each.
arm_i6300esb() { # DOMAIN SLOT [BUS]
    place_bar "$@"
    guest "$1" "writew 0xfe00000c 0x80" "writew 0xfe00000c 0x86" "writel 0xfe000000 1" \
        "writew 0xfe00000c 0x80" "writew 0xfe00000c 0x86" "writel 0xfe000004 1" \
        "outl 0xcf8 $((slot | 0x68))" "outb 0xcfc 2"
}
# What firmware does for a bridge: numbers, and a window for the BAR of place_bar.
open_bridge() { # DOMAIN BUS SLOT SECONDARY SUBORDINATE
    bridge=$(($2 << 16 | $3 << 11 | 1 << 31))
    guest "$1" "outl 0xcf8 $((bridge | 0x18))" "outl 0xcfc $(($5 << 16 | $4 << 8 | $2))" \
        "outl 0xcf8 $((bridge | 0x20))" "outl 0xcfc 0xfe00fe00" "outl 0xcf8 $((bridge | 4))" "outw 0xcfc 2"
}
power_off_pc() { # DOMAIN
    guest "$1" "outl 0xcf8 0x80000b40" "outl 0xcfc 0xb001" "outl 0xcf8 0x80000b80" "outb 0xcfc 1" "outw 0xb004 0x2000"
}

case $subject in
probing)
    domain wd pc "<watchdog model='i6300esb'/>"
    ask domcapabilities --virttype qemu --machine pc --emulatorbin "$folder/vigil-qemu-7.2"
    says "<machine>pc-i440fx-7.2</machine>"
    says "<vcpu max='255'/>"
    ask domcapabilities --virttype qemu --machine q35 --emulatorbin "$folder/vigil-qemu-7.2"
    says "<machine>pc-q35-7.2</machine>"
    ask create wd.xml
    ask qemu-monitor-command wd --pretty "'{\"execute\":\"query-command-line-options\",\"arguments\":{\"option\":\"action\"}}'"
    says '"name": "watchdog"'
    ask qemu-monitor-command wd "'{\"execute\":\"query-command-line-options\",\"arguments\":{\"option\":\"none\"}}'"
    says "invalid option name: none"
    ;;
life)
    domain wd pc "<watchdog model='i6300esb'/>" "<features><acpi/></features>"
    ask define wd.xml
    ask start wd
    ask domstate wd --reason
    says "running (booted)"
    ask suspend wd
    ask domstate wd --reason
    says "paused (user)"
    ask resume wd
    ask domstate wd --reason
    says "running (unpaused)"
    ask reset wd
    ask inject-nmi wd
    ask qemu-monitor-command wd "'{\"execute\":\"query-status\"}'"
    says '"status":"running"'
    ask shutdown wd
    power_off_pc wd
    until_says "shut off (shutdown)" domstate wd --reason
    ask start wd
    ask destroy wd
    ask domstate wd --reason
    says "shut off (destroyed)"
    # A change of its state, as others see it: somebody at another monitor stops and continues it.
    ask start wd
    begin event wd lifecycle
    until grep -q "event 'lifecycle' for domain 'wd'" "$folder/out"; do
        lines "$folder/wd.qmp" "" '{"execute":"qmp_capabilities"}' '{"execute":"stop"}' '{"execute":"cont"}'
        sleep 0.1
    done
    until_answered
    ;;
watchdog)
    domain esb pc "<watchdog model='i6300esb' action='pause'/>"
    ask create esb.xml
    arm_i6300esb esb 2
    until_says "paused (watchdog)" domstate esb --reason
    ask resume esb
    ask domstate esb --reason
    says "running (unpaused)"
    domain ib pc "<watchdog model='ib700' action='none'/>"
    ask create ib.xml
    begin event ib watchdog
    until grep -q "event 'watchdog' for domain 'ib'" "$folder/out"; do
        guest ib "outb 0x443 0xf"
        sleep 0.1
    done
    until_answered
    says "none"
    domain off pc "<watchdog model='ib700' action='poweroff'/>"
    ask define off.xml
    ask start off
    guest off "outb 0x443 0xf"
    until_says "shut off (crashed)" domstate off --reason
    ;;
panic)
    domain kept pc "<panic model='isa'/>" "<on_crash>preserve</on_crash>"
    ask create kept.xml
    guest kept "outb 0x505 1"
    until_says "crashed (panicked)" domstate kept --reason
    domain gone pc "<panic model='isa'/>" "<on_crash>destroy</on_crash>"
    ask define gone.xml
    ask start gone
    guest gone "outb 0x505 1"
    until_says "shut off (crashed)" domstate gone --reason
    domain hyper pc "<panic model='hyperv'/>" "<on_crash>preserve</on_crash>"
    ask create hyper.xml
    guest hyper "wrmsr 0x40000105 0x8000000000000000"
    until_says "crashed (panicked)" domstate hyper --reason
    [ "$version" -ge 10 ] || exit 0 # older ones do not know the next
    domain pci pc "<panic model='pvpanic'>
        <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/></panic>" \
        "<on_crash>preserve</on_crash>"
    ask create pci.xml
    place_bar pci 4
    guest pci "writeb 0xfe000000 1"
    until_says "crashed (panicked)" domstate pci --reason
    ;;
q35)
    domain wd q35 "<watchdog model='i6300esb' action='pause'>
        <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/></watchdog>"
    ask create wd.xml
    if [ "$version" -ge 10 ]; then # the chipset's own beside it, without being asked
        ask dumpxml wd
        says "<watchdog model='itco' action='pause'>"
    fi
    arm_i6300esb wd 3
    until_says "paused (watchdog)" domstate wd --reason
    ask destroy wd
    ;;
hotplug)
    domain hp pc "" "<features><acpi/></features>" # by which a guest hears of it
    ask create hp.xml
    echo "<watchdog model='i6300esb' action='pause'/>" >"$folder/watchdog.xml"
    ask attach-device hp watchdog.xml
    place=$(slot_of hp "<watchdog")
    arm_i6300esb hp "$place"
    until_says "paused (watchdog)" domstate hp --reason
    ask resume hp
    ask dumpxml hp
    sed -n "/<watchdog/,/<.watchdog/p" "$folder/answer" >"$folder/watchdog.xml" # as it is there now
    begin detach-device hp watchdog.xml
    until grep -q "^mark-$marks\." "$folder/out"; do
        guest hp "outl 0xae08 $((1 << place))"
        sleep 0.1
    done
    until_answered
    ask dumpxml hp
    ! grep -q i6300esb "$folder/answer" || fail "the watchdog is still there"
    ;;
defaults)
    # As written by somebody who leaves places, USB and the balloon to libvirt.
    more="<controller type='scsi' model='virtio-scsi'/><controller type='virtio-serial'/><input type='tablet' bus='usb'/>
        <video><model type='vga'/></video>"
    default_domain old pc "$more <watchdog model='i6300esb' action='pause'/>"
    ask create old.xml
    ask qemu-monitor-command old \
        "'{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}'"
    says '"name":"balloon0","type":"child<virtio-balloon-pci>"'
    says '"name":"usb","type":"child<piix3-usb-uhci>"'
    arm_i6300esb old "$(slot_of old "<watchdog")"
    until_says "paused (watchdog)" domstate old --reason
    default_domain new q35 "$more <watchdog model='i6300esb' action='pause'/>"
    ask create new.xml
    open_bridge new 0 "$(slot_of new "<controller type='pci' index='1'")" 1 2 # a port, with the conventional bridge on it
    open_bridge new 1 0 2 2
    arm_i6300esb new "$(slot_of new "<watchdog model='i6300esb'")" 2
    until_says "paused (watchdog)" domstate new --reason
    ;;
esac
