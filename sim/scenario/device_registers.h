// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_SCENARIO_DEVICE_REGISTERS_H
#define VIGIL_SIM_SCENARIO_DEVICE_REGISTERS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/runstate/result.h>
#include <vigil/sim/scenario/test_bench.h>

namespace vigil::sim {

/// A register of a machine's device, as the device's own table has it.
struct named_register {
    enum class space : std::uint8_t { config, memory, port, msr };

    std::string name; ///< the datasheet's
    space where;
    std::uint64_t offset; ///< in that space: of memory from BAR 0; of a port, the port itself
    unsigned width;       ///< bytes
};

/// The device of a machine that a scenario names: by its id, or by its driver, of which it is the first. "cpu" has the
/// MSRs, "tco" the registers of q35's TCO timer.
class device_view {
public:
    /// A refusal says what devices there are.
    static runstate::result<device_view> find(test_bench& bench, std::string_view name);

    const std::string& name() const noexcept { return name_; }
    std::string_view driver() const noexcept { return driver_; }
    const std::vector<named_register>& registers() const noexcept { return registers_; }
    /// Slot · 8 + function of a PCI device.
    unsigned devfn() const noexcept { return devfn_; }
    /// Of a PCI device: number n of its kind in the machine, from 0.
    unsigned number() const noexcept { return number_; }

    /// The register that is spelt so, whatever the case, with spaces, '-' and '_' alike; a refusal says what is near.
    runstate::result<named_register> find_register(std::string_view spelt) const;

    runstate::result<std::uint64_t> read(test_bench& bench, const named_register& one) const;
    std::optional<runstate::refusal> write(test_bench& bench, const named_register& one, std::uint64_t value) const;

private:
    /// The qtest word and address by which it is reached; a refusal where a base address is not yet set.
    runstate::result<std::string> access(test_bench& bench, const named_register& one, bool writes) const;

    std::string name_;
    std::string driver_;
    std::vector<named_register> registers_;
    unsigned devfn_ = 0;
    unsigned number_ = 0;
};

/// The one of `known` that `word` is most like, for messages; empty where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

} // namespace vigil::sim

#endif
