# What a watchdog does, and what becomes of the machine: every action on every machine, for both watchdogs.

# The state that an action leaves, as query-status says it; nothing where the run is over.
proc state_after {action} {
    dict get {none running debug running pause watchdog inject-nmi running reset running} $action
}

foreach machine {pc q35} {
    foreach device {i6300esb ib700} {
        machine "-machine $machine -device $device"
        foreach action {none debug pause inject-nmi reset} {
            foreach kicks {0 1 2 3 10} {
                scenario "$machine, $device: $action after $kicks kicks" {
                    qmp watchdog-set-action "\"action\": \"$action\""
                    wdt attach
                    if {$device eq "i6300esb"} { wdt preload 1000 }
                    wdt enable
                    for {set i 0} {$i < $kicks} {incr i} {
                        run 900ms
                        wdt kick
                    }
                    expect event WATCHDOG action $action within 31s
                    expect status [state_after $action]
                }
            }
        }
    }
}
