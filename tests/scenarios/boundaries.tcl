# The i6300esb at boundary preloads, to the nanosecond: both clock scales, both stages, kicks around the deadline.

machine {-machine q35 -device i6300esb,id=wdt -action watchdog=pause}

# Nanoseconds of one preload count.
proc count {scale} { expr {$scale eq "1kHz" ? 983040 : 960} }

# Starts the countdown; returns the length of a stage in nanoseconds.
proc arm {scale preload} {
    wdt attach
    wdt scale $scale
    wdt preload $preload
    wdt enable
    expr {($preload == 0 ? 1 : $preload) * [count $scale]}
}

set preloads {1 2 3 15 16 17 255 256 257 999 1000 1001 4095 4096 65535 65536 524287 524288 1048574 1048575}

foreach scale {1kHz 1MHz} {
    foreach preload $preloads {
        scenario "$scale, preload $preload: it expires after both stages" {
            set stage [arm $scale $preload]
            set at [expr {[now] + 2 * $stage}]
            check {[run until WATCHDOG action pause] == 2 * $stage}
            check {[now] == $at}
            expect status watchdog
        }
        foreach early {1 2 10 100 900} {
            scenario "$scale, preload $preload: nothing comes $early ns before the end" {
                set stage [arm $scale $preload]
                expect no event WATCHDOG within [expr {2 * $stage - $early}]ns
                expect status running
                expect event WATCHDOG action pause within ${early}ns
            }
        }
        foreach stage_number {1 2} {
            foreach offset {-1 0 1} {
                scenario "$scale, preload $preload: a kick $offset ns around the end of stage $stage_number" {
                    set stage [arm $scale $preload]
                    run [expr {$stage_number * $stage + $offset}]ns
                    if {$stage_number == 2 && $offset >= 0} {
                        expect status watchdog
                    } else {
                        wdt kick
                        expect no event WATCHDOG within [expr {2 * $stage - 1}]ns
                        expect event WATCHDOG within 1ns
                    }
                }
            }
            foreach part {1 2 3 4} {
                scenario "$scale, preload $preload: a pause in part $part of stage $stage_number stops the countdown" {
                    set stage [arm $scale $preload]
                    set before [expr {($stage_number - 1) * $stage + $stage * $part / 5}]
                    run ${before}ns
                    qmp stop
                    expect status paused
                    set at [now]
                    run 1h
                    check {[now] == $at}
                    qmp cont
                    expect event WATCHDOG within [expr {2 * $stage - $before}]ns
                }
                scenario "$scale, preload $preload: a restore in part $part of stage $stage_number brings the rest back" {
                    set stage [arm $scale $preload]
                    set before [expr {($stage_number - 1) * $stage + $stage * $part / 5}]
                    run ${before}ns
                    snapshot then
                    expect event WATCHDOG within [expr {2 * $stage}]ns
                    restore then
                    check {[now] == $before}
                    expect status running
                    expect no event WATCHDOG within [expr {2 * $stage - $before - 1}]ns
                    expect event WATCHDOG within 1ns
                }
            }
        }
    }
}
