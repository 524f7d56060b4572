// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ib700.h>

#include <vigil/models/detail/countdown.h>
#include <vigil/runstate/state_table.h>

using vigil::runstate::ns;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// The time, in seconds, by bits 3:0 of the byte written.
constexpr std::array<std::int64_t, 16> k_seconds{30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0};
constexpr unsigned k_seconds_mask = 0xF;

constexpr std::int64_t k_ns_per_s = 1'000'000'000;

// What is saved; the timer has it.
struct state {
    ns timer = runstate::k_never;
};
constexpr std::array k_state{runstate::state_deadline<&state::timer>("timer", "disabled")};

} // namespace

ib700::ib700(const sc_core::sc_module_name& name, runstate::vm_clock& clock) : sc_module(name), clock_(clock)
{
    for (auto* port : {&disable, &disable_alias, &enable, &enable_alias}) port->timed_by(clock);
}

ib700::~ib700() = default;

const std::array<ib700::register_row, 4>& ib700::register_table() noexcept
{
    using self = ib700;
    namespace port = ib700_port;
    static constexpr std::array<register_row, 4> k_rows{{
        {port::wdt_disable, 1, "WDT_DISABLE", 0xFF, &self::read_ones, &self::write_disable,
         "a write of any value disables"},
        {port::wdt_disable_alias, 1, "WDT_DISABLE (alias)", 0xFF, &self::read_ones, &self::write_disable, "likewise"},
        {port::wdt_enable, 1, "WDT_ENABLE", 0xFF, &self::read_ones, &self::write_enable,
         "a write starts the countdown of 30 - 2 * (bits 3:0) seconds"},
        {port::wdt_enable_alias, 1, "WDT_ENABLE (alias)", 0xFF, &self::read_ones, &self::write_enable, "likewise"},
    }};
    return k_rows;
}

void ib700::map(bus::address_router& ports, int priority)
{
    const bus::mapping_options whole{4, priority};
    ports.map(ib700_port::wdt_disable, 1, disable, whole);
    ports.map(ib700_port::wdt_disable_alias, 1, disable_alias, whole);
    ports.map(ib700_port::wdt_enable, 1, enable, whole);
    ports.map(ib700_port::wdt_enable_alias, 1, enable_alias, whole);
}

void ib700::write_disable(std::uint8_t /*value*/) { timer_.cancel(); }

void ib700::write_enable(std::uint8_t value)
{
    timer_.arm(runstate::saturating_add(clock_.now(), ns(k_seconds[value & k_seconds_mask] * k_ns_per_s)));
}

void ib700::expired()
{
    if (watchdog.size() != 0) watchdog->watchdog_expired();
    timer_.cancel(); // whatever the action was, as in QEMU
}

void ib700::reset(runstate::reset_kind /*kind*/) { timer_.cancel(); }

std::vector<property> ib700::properties()
{
    std::vector<property> all{
        {"enabled", "bool", "Whether the watchdog counts.", [this] { return property_value(timer_.armed()); }, {}},
    };
    append_countdown(all, timer_, "countdown", "disabled");
    return all;
}

saved_state ib700::save() const { return save_state(k_state, state{timer_.deadline()}); }

prepared_restore ib700::prepare(const saved_state& saved)
{
    runstate::saved_state_reader in(section(), saved, k_state.size());
    const state then = load_state(in, k_state, state{});
    if (in.fault()) return *in.fault();
    return [this, then] { rearm(timer_, then.timer); };
}

} // namespace vigil::models
