# A watchdog that is kicked, and one that is forgotten.
machine {-machine q35 -device i6300esb,id=wdt -action watchdog=pause}

proc arm {preload} {
    wdt attach
    wdt preload $preload
    wdt enable
}

scenario "a kick keeps it quiet" {
    arm 1000
    run 1900ms
    wdt kick
    expect no event WATCHDOG within 1900ms
}

foreach preload {1 1000 65536} {
    scenario "forgotten with preload $preload" {
        arm $preload
        expect event WATCHDOG action pause within 130s
        expect status watchdog
    }
}
