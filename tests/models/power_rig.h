// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_MODELS_POWER_RIG_H
#define VIGIL_TESTS_MODELS_POWER_RIG_H

#include <catch.h>

#include <functional>

#include <vigil/runstate/interfaces.h>

namespace vigil::models::test {

/// A power block that may be asked for guest resets and for nothing else.
struct reset_counter : runstate::power_if {
    void request_reset(runstate::shutdown_cause cause) override
    {
        ++resets;
        CHECK(cause == runstate::shutdown_cause::guest_reset);
        if (on_reset) on_reset();
    }
    void request_shutdown(runstate::shutdown_cause) override { FAIL("not asked for"); }
    void request_powerdown() override { FAIL("not asked for"); }
    void request_suspend() override { FAIL("not asked for"); }
    void request_suspend_disk() override { FAIL("not asked for"); }
    bool request_wakeup() override { return false; }
    void triple_fault() override { FAIL("not asked for"); }

    unsigned resets = 0;
    std::function<void()> on_reset;
};

} // namespace vigil::models::test

#endif
