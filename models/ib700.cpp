// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ib700.h>

#include <array>

using vigil::bus::access_context;
using vigil::runstate::k_never;
using vigil::runstate::ns;
using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// The ports, and what a written byte does there (QEMU: hw/watchdog/wdt_ib700.c; boards document 441 and 443 only).
enum io_port : std::uint64_t {
    wdt_disable = 0x441,       // any value: disabled
    wdt_disable_alias = 0x442, // likewise
    wdt_enable = 0x443,        // counts down the time of bits 3:0, from now; bits 7:4 are ignored
    wdt_enable_alias = 0x444,  // likewise
};

// The time, in seconds, by bits 3:0 of the byte written.
constexpr std::array<std::int64_t, 16> k_seconds{30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0};
constexpr unsigned k_seconds_mask = 0xF;

constexpr unsigned k_widest_write = 2;  // wider ones do nothing
constexpr unsigned k_widest_access = 4; // of the I/O space
constexpr std::uint64_t k_idle = ~0ULL; // the timer field of a watchdog that is not counting
constexpr std::int64_t k_ns_per_s = 1'000'000'000;

} // namespace

ib700::ib700(const sc_core::sc_module_name& name, runstate::vm_clock& clock) : sc_module(name), clock_(clock) {}

ib700::~ib700() = default;

void ib700::map(bus::address_router& ports, int priority)
{
    const bus::mapping_options options{k_widest_access, priority};
    ports.map(wdt_disable, 1, disable, options);
    ports.map(wdt_disable_alias, 1, disable, options);
    ports.map(wdt_enable, 1, enable, options);
    ports.map(wdt_enable_alias, 1, enable_alias, options);
}

void ib700::port::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    if (offset != 0 || width > k_widest_write) return;
    for (unsigned i = 0; i < width && i < reach_; ++i) {
        (device.*write_)(static_cast<std::uint8_t>(value >> (8 * i)), context);
    }
}

void ib700::write_disable(std::uint8_t /*value*/, const access_context& /*context*/) { timer_.cancel(); }

void ib700::write_enable(std::uint8_t value, const access_context& context)
{
    timer_.arm(runstate::saturating_add(clock_.now(context.delay), ns(k_seconds[value & k_seconds_mask] * k_ns_per_s)));
}

void ib700::expired()
{
    if (watchdog.size() != 0) watchdog->watchdog_expired();
    timer_.cancel(); // whatever the action was, as in QEMU
}

void ib700::reset(runstate::reset_kind /*kind*/) { timer_.cancel(); }

std::vector<property> ib700::properties()
{
    const auto time = [](ns t) { return property_value(t == k_never ? std::int64_t{-1} : std::int64_t{t.count()}); };
    return {
        {"enabled", "bool", "Whether the watchdog counts.", [this] { return property_value(timer_.armed()); }, {}},
        {"remaining",
         "int",
         "What is left of the countdown, in virtual nanoseconds; -1 when disabled.",
         [this, time] { return time(timer_.remaining()); },
         {}},
        {"deadline",
         "int",
         "When the countdown ends, in virtual nanoseconds; -1 when disabled.",
         [this, time] { return time(timer_.deadline()); },
         {}},
    };
}

saved_state ib700::save() const
{
    return {{"timer", timer_.armed() ? static_cast<std::uint64_t>(timer_.deadline().count()) : k_idle}};
}

std::optional<std::string> ib700::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 1);
    const std::uint64_t timer = in.number("timer", 0, UINT64_MAX);
    in.require(timer == k_idle || timer < static_cast<std::uint64_t>(k_never.count()),
               "field 'timer' must be below 2^63 - 1, or all ones when disabled, not " + std::to_string(timer));
    if (in.fault()) return in.fault();
    if (timer == k_idle) {
        timer_.cancel();
    } else {
        timer_.arm(ns(static_cast<std::int64_t>(timer)));
    }
    return std::nullopt;
}

} // namespace vigil::models
