#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# The guest's /init: carries out, one after another, the orders in do=ORDER,ORDER,... of the kernel's command line. An
# order is a function below, its arguments follow after colons. Lines of its own begin with "guest:" and the seconds
# since boot.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

say() {
    read -r up _ </proc/uptime
    echo "guest: $up $*"
}

function_of() { # VENDOR:DEVICE
    for one in /sys/bus/pci/devices/*; do
        read -r vendor <"$one/vendor"
        read -r device <"$one/device"
        [ "$vendor:$device" != "$1" ] || echo "$one"
    done
}

in_driver() { # FUNCTION
    driver=$(readlink "$1/driver")
    say "bound to ${driver##*/}"
}

# --- orders for the watchdog's driver

look() { # what the bus has
    say "function class $(cat "$watchdog/class") revision $(cat "$watchdog/revision")" \
        "subsystem $(cat "$watchdog/subsystem_vendor"):$(cat "$watchdog/subsystem_device")"
    read -r first last _ <"$watchdog/resource"
    say "bar0 of $((last - first + 1)) bytes"
    say "config $(hexdump -v -n 16 -e '16/1 "%02x"' "$watchdog/config")"
}

load() { # [PARAMETER...]
    insmod /modules/watchdog.ko 2>/dev/null
    insmod /modules/i6300esb.ko "$@" || say "load failed"
    in_driver "$watchdog"
}

unload() { rmmod i6300esb && say "unloaded"; }

status() {
    line=
    for one in state bootstatus timeout nowayout; do
        line="$line $one=$(cat /sys/class/watchdog/watchdog0/$one)"
    done
    say "status$line"
}

open() { exec 3>/dev/watchdog && say "opened"; }

kick() { # [TIMES], half a second apart
    for n in $(seq "${1:-1}"); do
        [ "$n" -eq 1 ] || sleep 0.5
        printf . >&3 && say "kicked"
    done
}

close() { # as watchdog(8) does: the magic V stops the watchdog
    printf V >&3
    exec 3>&-
    say "closed"
}

leave() { # the driver lets the watchdog run on
    exec 3>&-
    say "left"
}

applet() { # TIMEOUT INTERVAL SECONDS
    watchdog -F -T "$1" -t "$2" /dev/watchdog &
    sleep 1
    status
    sleep "$3"
    kill $!
    wait $!
    say "applet ended"
}

# --- orders for pvpanic's driver

pvpanic() {
    insmod /modules/pvpanic.ko
    insmod /modules/pvpanic-pci.ko
    for one in /sys/bus/pci/drivers/pvpanic-pci/0*; do
        say "pvpanic capability $(cat "$one/capability") events $(cat "$one/events")"
    done
}

crash() {
    say "crashing"
    echo c >/proc/sysrq-trigger
}

# --- orders that go past the driver

bar() { # WIDTH OFFSET [VALUE], in hexadecimal
    read -r base _ <"$watchdog/resource"
    # shellcheck disable=SC2086 # no value, no word
    got=$(devmem $((base + 0x$2)) $(($1 * 8)) ${3:+0x$3})
    [ -n "${3:-}" ] || say "bar $2 is $got"
}

config() { # WIDTH OFFSET [VALUE], in hexadecimal
    if [ -z "${3:-}" ]; then
        got=$(dd if="$watchdog/config" bs="$1" count=1 skip=$((0x$2)) iflag=skip_bytes 2>/dev/null |
            hexdump -e "1/$1 \"0x%0$(($1 * 2))X\"")
        say "config $2 is $got"
        return
    fi
    text=
    rest=$((0x$3))
    for _ in $(seq "$1"); do
        text="$text\\x$(printf %02x $((rest & 255)))"
        rest=$((rest >> 8))
    done
    # shellcheck disable=SC2059 # the escapes are the point
    printf "$text" | dd of="$watchdog/config" bs="$1" count=1 seek=$((0x$2)) oflag=seek_bytes conv=notrunc 2>/dev/null
}

unlocked() { # WIDTH OFFSET VALUE
    bar 2 c 80
    bar 2 c 86
    bar "$@"
}

start() { # COUNTS of the first and of the second stage, in hexadecimal
    unlocked 4 0 "$1"
    unlocked 4 4 "$2"
    config 1 68 2
    say "started"
}

reload() { unlocked 2 c 100; }

uio() { # hands the watchdog to a generic driver, which counts its interrupts
    insmod /modules/uio.ko
    insmod /modules/uio_pci_generic.ko
    echo 1 >"$watchdog/enable"
    echo 8086 25ab >/sys/bus/pci/drivers/uio_pci_generic/new_id
    in_driver "$watchdog"
    if [ -c /dev/uio0 ]; then exec 4<>/dev/uio0; fi
}

interrupt() { # [SECONDS]: waits for the next one, for so long, and says how many there have been
    count=$(timeout "${1:-60}" dd bs=4 count=1 <&4 2>/dev/null | hexdump -e '1/4 "%d"')
    say "interrupt ${count:-none}"
}

interrupts() { # what the kernel counts
    say "interrupts $(awk '/uio/ { print $2 }' /proc/interrupts)"
}

# --- and for the machine

nap() { sleep "$1"; }

live() { # for good
    n=0
    while sleep 0.5; do
        n=$((n + 1))
        say "alive $n"
    done
}

doze() { # to RAM, until somebody wakes the machine
    say "dozing"
    echo mem >/sys/power/state && say "awake"
}

mark() { say "mark $*"; } # for whoever reads the console

powered() { # off or reboot
    sync
    say "$1"
    "$1" -f
    sleep 60
}

off() { powered poweroff; }
restart() { powered reboot; }

watchdog=$(function_of 0x8086:0x25ab)
orders=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^do=//p')
say "up"
for order in $(echo "$orders" | tr , ' '); do
    # shellcheck disable=SC2046 # words
    $(echo "$order" | cut -d : -f 1) $(echo "$order" | tr : '\n' | tail -n +2)
done
say "done"
while :; do sleep 60; done
