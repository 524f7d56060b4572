// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_WATCHDOG_DRIVER_H
#define VIGIL_SIM_SCENARIO_WATCHDOG_DRIVER_H

#include <optional>
#include <string_view>
#include <vector>

#include <vigil/sim/scenario/device_registers.h>

namespace vigil::sim {

/// What a guest's driver does with a watchdog, by register accesses alone.
class watchdog_driver {
public:
    explicit watchdog_driver(device_view device) : device_(std::move(device)) {}

    /// Whether there is such a driver.
    static bool drives(std::string_view driver) { return driver == "i6300esb" || driver == "ib700"; }

    const device_view& device() const noexcept { return device_; }

    /// Carries out `operation` (attach, preload, enable, kick, stop, disable, scale, reboot) with its arguments; a
    /// refusal says what would be right.
    std::optional<runstate::refusal> act(test_bench& bench, std::string_view operation,
                                         const std::vector<std::string_view>& arguments) const;

private:
    using failure = std::optional<runstate::refusal>;
    using arguments = std::vector<std::string_view>;

    failure act_on_i6300esb(test_bench& bench, std::string_view operation, const arguments& given) const;
    failure act_on_ib700(test_bench& bench, std::string_view operation, const arguments& given) const;
    failure attach(test_bench& bench) const;
    failure preload(test_bench& bench, const arguments& given) const;
    failure change_bits(test_bench& bench, const char* name, std::uint64_t clear, std::uint64_t set) const;
    failure put(test_bench& bench, const char* name, std::uint64_t value) const;
    failure put_unlocked(test_bench& bench, const char* name, std::uint64_t value) const;

    device_view device_;
};

} // namespace vigil::sim

#endif
