# A guest's panic by every policy.

machine {-machine pc -device pvpanic -device ib700}

foreach policy {pause shutdown} state {guest-panicked shutdown} action {pause poweroff} {
    scenario "$policy" {
        qmp set-action "\"panic\": \"$policy\""
        reg write pvpanic event 1
        expect event GUEST_PANICKED action $action
        if {$policy eq "pause"} { expect status $state }
    }
}
