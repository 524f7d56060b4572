// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/policy.h>

#include <string>

#include <catch.h>

namespace {

using namespace vigil::runstate;

constexpr std::size_t k_watchdog_actions = wire_names<watchdog_action>::values.size();
constexpr std::size_t k_panic_actions = wire_names<panic_action>::values.size();
constexpr std::size_t k_shutdown_actions = wire_names<shutdown_action>::values.size();

} // namespace

TEST_CASE("policy: every watchdog action finds its own row")
{
    REQUIRE(k_watchdog_policy.size() == k_watchdog_actions);
    for (std::size_t i = 0; i < k_watchdog_actions; ++i) {
        const auto action = static_cast<watchdog_action>(i);
        CAPTURE(std::string(to_string(action)));
        CHECK(k_watchdog_policy[i].action == action);
        CHECK(effect_of(action) == k_watchdog_policy[i].effect);
    }
}

TEST_CASE("policy: watchdog actions have the effects that QEMU gives them")
{
    CHECK(effect_of(watchdog_action::reset) == watchdog_effect::request_reset);
    CHECK(effect_of(watchdog_action::shutdown) == watchdog_effect::request_powerdown);
    CHECK(effect_of(watchdog_action::poweroff) == watchdog_effect::exit_at_once);
    CHECK(effect_of(watchdog_action::pause) == watchdog_effect::request_stop);
    CHECK(effect_of(watchdog_action::debug) == watchdog_effect::log_only);
    CHECK(effect_of(watchdog_action::none) == watchdog_effect::nothing);
    CHECK(effect_of(watchdog_action::inject_nmi) == watchdog_effect::inject_nmi);
}

TEST_CASE("policy: every pair of panic and shutdown action finds its own row")
{
    REQUIRE(k_panic_policy.size() == k_panic_actions * k_shutdown_actions);
    for (std::size_t p = 0; p < k_panic_actions; ++p) {
        for (std::size_t s = 0; s < k_shutdown_actions; ++s) {
            const auto panic = static_cast<panic_action>(p);
            const auto shutdown = static_cast<shutdown_action>(s);
            CAPTURE(std::string(to_string(panic)), std::string(to_string(shutdown)));
            CHECK(policy_for(panic, shutdown).panic == panic);
            CHECK(policy_for(panic, shutdown).shutdown == shutdown);
        }
    }
}

TEST_CASE("policy: panic rows follow from the rule")
{
    for (const panic_policy& row : k_panic_policy) {
        CAPTURE(std::string(to_string(row.panic)), std::string(to_string(row.shutdown)));
        const bool pauses = row.panic == panic_action::pause ||
                            (row.panic == panic_action::shutdown && row.shutdown == shutdown_action::pause);
        const bool runs = row.panic == panic_action::none;
        CHECK(row.said == (pauses ? guest_panic_action::pause
                           : runs ? guest_panic_action::run
                                  : guest_panic_action::poweroff));
        CHECK(row.stop == !runs);
        CHECK(row.request_shutdown == (!pauses && !runs));
    }
}

TEST_CASE("policy: the defaults are QEMU's")
{
    const action_set defaults;
    CHECK(defaults.reboot == reboot_action::reset);
    CHECK(defaults.shutdown == shutdown_action::poweroff);
    CHECK(defaults.panic == panic_action::shutdown);
    CHECK(defaults.watchdog == watchdog_action::reset);
}
