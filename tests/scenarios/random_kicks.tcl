# A guest that kicks at random times, never too late: nothing comes until it stops kicking.

machine {-machine pc -device i6300esb,id=wdt -action watchdog=pause}

for {set guest 1} {$guest <= 4000} {incr guest} {
    scenario "guest $guest" {
        set preload [random 1 1000]
        set stage [expr {$preload * 983040}]
        wdt attach
        wdt preload $preload
        wdt enable
        for {set i 0} {$i < 5} {incr i} {
            expect no event WATCHDOG within [random 1 [expr {2 * $stage - 1}]]ns
            wdt kick
        }
        expect no event WATCHDOG within [expr {2 * $stage - 1}]ns
        expect event WATCHDOG action pause within 1ns
    }
}
