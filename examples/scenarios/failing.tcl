# What a failure looks like: the deadline is after the expectation's.
machine {-device i6300esb,id=wdt}

scenario "too impatient" {
    wdt attach
    wdt preload 1000
    wdt enable
    expect event WATCHDOG within 1s
}
