// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_MODELS_I6300ESB_RIG_H
#define VIGIL_TESTS_MODELS_I6300ESB_RIG_H

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include <systemc>

#include <vigil/bus/bus_initiator.h>
#include <vigil/models/i6300esb.h>
#include <vigil/runstate/clock/vm_clock.h>

namespace vigil::models::test {

using runstate::ns;

namespace reg = i6300esb_reg;
namespace bit = i6300esb_bit;
namespace key = i6300esb_key;
namespace pci_command = bus::pci_command;
namespace pci_reg = bus::pci_reg;

/// Lets simulated time pass, then everything due at that instant.
inline void pass(ns distance)
{
    if (distance > ns(0)) {
        const auto ticks_per_ns = sc_core::sc_time(1, sc_core::SC_NS).value();
        sc_core::sc_start(sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(distance.count()) * ticks_per_ns));
    }
    while (!sc_core::sc_start_of_simulation_invoked() || sc_core::sc_pending_activity_at_current_time()) {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
    }
}

/// Ends elaboration where that has not happened yet, so that sockets lead somewhere.
inline void elaborate()
{
    if (!sc_core::sc_start_of_simulation_invoked()) pass(ns(0));
}

/// The value of one field of a saved state.
inline std::uint64_t field(const runstate::saved_state& state, const std::string& name)
{
    for (const auto& f : state) {
        if (f.name == name) return std::get<std::uint64_t>(f.value);
    }
    return ~std::uint64_t{0} - 1;
}

inline bool same(const runstate::saved_state& a, const runstate::saved_state& b)
{
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].name != b[i].name || a[i].value != b[i].value) return false;
    }
    return true;
}

/// What a watchdog did: the end of a stage (1, 2), or the fact that it expired (3).
struct mark {
    std::int64_t at;
    unsigned what;
    bool operator==(const mark& other) const { return at == other.at && what == other.what; }
    friend std::ostream& operator<<(std::ostream& out, const mark& m) { return out << m.at << "ns:" << m.what; }
};

inline constexpr unsigned k_fact = 3;

/// One watchdog, its sockets driven directly, its clock running from 0.
struct rig : sc_core::sc_module, runstate::watchdog_if {
    explicit rig(const sc_core::sc_module_name& name, const i6300esb_parameters& parameters = {})
        : sc_module(name), device("device", clock, parameters)
    {
        config.socket.bind(device.config);
        memory.socket.bind(device.registers);
        device.watchdog.bind(*this);
        device.stage_expired = [this](unsigned stage) { log.push_back({clock.now().count(), stage}); };
        clock.start();
    }

    void watchdog_expired() override
    {
        log.push_back({clock.now().count(), k_fact});
        if (on_expired) on_expired();
    }

    void run_to(std::int64_t at)
    {
        if (ns(at) > clock.now()) pass(ns(at) - clock.now());
    }

    std::uint32_t cfg(std::uint32_t offset, unsigned width)
    {
        elaborate();
        return static_cast<std::uint32_t>(config.read_value(offset, width));
    }
    void cfg(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        elaborate();
        config.write_value(offset, width, value);
    }
    std::uint32_t mem(std::uint32_t offset, unsigned width)
    {
        elaborate();
        return static_cast<std::uint32_t>(memory.read_value(offset, width));
    }
    void mem(std::uint32_t offset, unsigned width, std::uint32_t value)
    {
        elaborate();
        memory.write_value(offset, width, value);
    }

    void unlock()
    {
        mem(reg::reload, 1, key::first);
        mem(reg::reload, 1, key::second);
    }
    void preload1(std::uint32_t value)
    {
        unlock();
        mem(reg::preload_value_1, 4, value);
    }
    void preload2(std::uint32_t value)
    {
        unlock();
        mem(reg::preload_value_2, 4, value);
    }
    void preloads(std::uint32_t first, std::uint32_t second)
    {
        preload1(first);
        preload2(second);
    }
    void reload(std::uint32_t value)
    {
        unlock();
        mem(reg::reload, 2, value);
    }
    void kick() { reload(bit::wdt_reload); }
    void lock(std::uint32_t value) { cfg(reg::wdt_lock, 1, value); }
    std::uint32_t lock() { return cfg(reg::wdt_lock, 1); }
    std::uint64_t saved(const std::string& name) const { return field(device.save(), name); }

    runstate::vm_clock clock{"clock"};
    i6300esb device;
    bus::bus_initiator config{"config", bus::initiator_kind::test};
    bus::bus_initiator memory{"memory", bus::initiator_kind::test};
    std::vector<mark> log;
    std::function<void()> on_expired;
};

} // namespace vigil::models::test

#endif
