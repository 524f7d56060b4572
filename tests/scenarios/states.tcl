# Every watchdog action in every run state: the countdown stands still with the machine, in both stages, and goes on
# where it stopped, to the nanosecond; then the action is carried out.

set machine_options {-qmp-schema 7.2 -machine pc -no-shutdown -device i6300esb,id=wdt -device ib700,id=other -device pvpanic}

proc count {scale} { expr {$scale eq "1kHz" ? 983040 : 960} }

proc arm {scale preload} {
    wdt attach -of wdt
    wdt scale $scale -of wdt
    wdt preload $preload -of wdt
    wdt enable -of wdt
    expr {$preload * [count $scale]}
}

# The PIIX4's power management block at port 600h, as firmware puts it.
proc open_power_management {} {
    outl 0xcf8 0x80000b40
    outl 0xcfc 0x601
    outl 0xcf8 0x80000b80
    outb 0xcfc 1
}
proc sleep {type} {
    open_power_management
    outw 0x604 [expr {$type << 10 | 0x2000}]
}

# How a state is entered while the machine runs.
proc enter {state} {
    switch $state {
        paused { qmp stop }
        guest-panicked {
            qmp set-action {"panic": "pause"}
            reg write pvpanic event 1
            expect event GUEST_PANICKED action pause
        }
        suspended { sleep 1 }
        shutdown { sleep 0 }
    }
    expect status $state
}

# What the event of an action leaves behind.
proc carried_out {action} {
    switch $action {
        reset { expect event RESET reason guest-reset; expect status running }
        shutdown { expect event POWERDOWN; expect status running }
        poweroff { check {[catch {qmp query-status}]} }
        pause { expect event STOP; expect status watchdog }
        default { expect status running }
    }
    if {$action ne "poweroff"} { expect register wdt {WDT Lock} 0 }
}

set actions {reset shutdown poweroff pause debug none inject-nmi}
set preloads {1 2 1000 65535 65536 1048575}

machine $machine_options
foreach action $actions {
    foreach scale {1kHz 1MHz} {
        foreach preload $preloads {
            foreach stage_number {1 2} {
                foreach state {paused guest-panicked} {
                    scenario "$action after $state in stage $stage_number, $scale, preload $preload" {
                        qmp watchdog-set-action "\"action\": \"$action\""
                        set stage [arm $scale $preload]
                        set before [expr {($stage_number - 1) * $stage + $stage * 2 / 5}]
                        run ${before}ns
                        enter $state
                        set at [now]
                        expect no event WATCHDOG within 24h
                        check {[now] == $at}
                        qmp cont
                        set rest [expr {2 * $stage - $before}]
                        expect no event WATCHDOG within [expr {$rest - 1}]ns
                        expect event WATCHDOG action $action within 1ns
                        carried_out $action
                    }
                }
                foreach state {suspended shutdown} {
                    scenario "$action is void after $state in stage $stage_number, $scale, preload $preload" {
                        qmp watchdog-set-action "\"action\": \"$action\""
                        set stage [arm $scale $preload]
                        run [expr {($stage_number - 1) * $stage + $stage * 2 / 5}]ns
                        enter $state
                        expect no event WATCHDOG within 24h
                        if {$state eq "suspended"} {
                            qmp system_wakeup
                        } else {
                            check {[catch {qmp cont}]}
                            qmp system_reset
                            expect status prelaunch
                            qmp cont
                        }
                        expect status running
                        expect register wdt {WDT Lock} 0
                        expect no event WATCHDOG within 24h
                    }
                }
                scenario "$action after a reset in stage $stage_number needs arming anew, $scale, preload $preload" {
                    qmp watchdog-set-action "\"action\": \"$action\""
                    set stage [arm $scale $preload]
                    run [expr {($stage_number - 1) * $stage + $stage * 2 / 5}]ns
                    qmp system_reset
                    expect event RESET reason host-qmp-system-reset
                    expect status running
                    expect no event WATCHDOG within 1h
                    check {[arm $scale $preload] == $stage}
                    expect no event WATCHDOG within [expr {2 * $stage - 1}]ns
                    expect event WATCHDOG action $action within 1ns
                    carried_out $action
                }
            }
            scenario "$action, armed before the machine is started, $scale, preload $preload" -machine "$machine_options -S" {
                expect status prelaunch
                qmp watchdog-set-action "\"action\": \"$action\""
                set stage [arm $scale $preload]
                expect no event WATCHDOG within 24h
                check {[now] == 0}
                qmp cont
                expect no event WATCHDOG within [expr {2 * $stage - 1}]ns
                expect event WATCHDOG action $action within 1ns
                carried_out $action
            }
        }
    }
}

# The ib700: 30 s to 2 s by its code, and none with code 15.
foreach action $actions {
    for {set code 0} {$code <= 14} {incr code} {
        foreach state {running paused guest-panicked} {
            scenario "ib700: $action by code $code, $state in between" {
                qmp watchdog-set-action "\"action\": \"$action\""
                wdt enable $code -of other
                set all [expr {(30 - 2 * $code) * 1000000000}]
                run [expr {$all / 3}]ns
                if {$state ne "running"} {
                    enter $state
                    expect no event WATCHDOG within 24h
                    qmp cont
                }
                expect no event WATCHDOG within [expr {$all - $all / 3 - 1}]ns
                expect event WATCHDOG action $action within 1ns
                switch $action {
                    reset { expect event RESET; expect status running }
                    shutdown { expect event POWERDOWN; expect status running }
                    poweroff { check {[catch {qmp query-status}]} }
                    pause { expect status watchdog }
                    default { expect status running }
                }
            }
        }
    }
}
