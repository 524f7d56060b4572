# The deadline of the i6300esb to the nanosecond: at boundary preloads, at both clock scales, kicked around it.

machine {-machine q35 -device i6300esb,id=wdt -action watchdog=pause}

# Nanoseconds of one preload count.
proc count_length {scale} { expr {$scale eq "1kHz" ? 993024 : 992} }
