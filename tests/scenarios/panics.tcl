# A guest's panic, by every way to tell of it, under every policy, in every state that it can come in.

# What GUEST_PANICKED says, by the panic action and the shutdown action.
set said {
    {pause poweroff} pause {pause pause} pause {shutdown poweroff} poweroff {shutdown pause} pause
    {exit-failure poweroff} poweroff {exit-failure pause} poweroff {none poweroff} run {none pause} run
}

proc tell_of_panic {way} {
    switch $way {
        pvpanic { reg write pvpanic event 1 }
        pvpanic-pci {
            pci write pvpanic-pci 0x10 4 0xfea00000
            pci write pvpanic-pci 0x04 2 2
            writeb 0xfea00000 1
        }
        hv-crash {
            foreach {index value} {0x40000100 0x11 0x40000101 0x22 0x40000102 0x33 0x40000103 0x44 0x40000104 0x55} {
                wrmsr $index $value
            }
            wrmsr 0x40000105 0x8000000000000000
        }
    }
}

foreach way {pvpanic pvpanic-pci hv-crash} {
    set device [expr {$way eq "hv-crash" ? "-cpu qemu64,hv-crash" : "-device $way"}]
    foreach panic {pause shutdown exit-failure none} {
        foreach shutdown {poweroff pause} {
            foreach state {running paused prelaunch} {
                set start [expr {$state eq "prelaunch" ? "-S" : ""}]
                scenario "$way in $state, panic $panic, shutdown $shutdown" -machine "-qmp-schema 7.2 -machine pc $device $start" {
                    qmp set-action "\"panic\": \"$panic\", \"shutdown\": \"$shutdown\""
                    if {$state eq "paused"} { qmp stop }
                    expect status $state
                    tell_of_panic $way
                    set action [dict get $said [list $panic $shutdown]]
                    expect event GUEST_PANICKED action $action
                    if {$action eq "poweroff" } { expect event SHUTDOWN reason guest-panic }
                    if {$action eq "poweroff" && $shutdown eq "poweroff"} {
                        check {[catch {qmp query-status}]}
                    } elseif {$action eq "run" || $state ne "running"} {
                        expect status $state
                    } else {
                        expect status guest-panicked
                        qmp cont
                        expect status running
                    }
                }
            }
        }
    }
}

foreach way {pvpanic pvpanic-pci} {
    scenario "$way: a crash kernel that is loaded is told of, and changes nothing" -machine "-qmp-schema 7.2 -machine q35 -device $way" {
        if {$way eq "pvpanic"} {
            reg write pvpanic event 2
        } else {
            pci write pvpanic-pci 0x10 4 0xfea00000
            pci write pvpanic-pci 0x04 2 2
            writeb 0xfea00000 2
        }
        expect event GUEST_CRASHLOADED action run
        expect status running
    }
}
