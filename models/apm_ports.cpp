// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/apm_ports.h>

using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

const std::array<apm_ports::register_row, 2>& apm_ports::register_table() noexcept
{
    namespace rule = bus::register_rule;
    static constexpr std::array<register_row, 2> k_rows{{
        {0xB2, 1, "APM_CNT", 0, nullptr, &apm_ports::control_written,
         "storage; two values hand power management over to ACPI and back", rule::none, 0xFF, &state::control},
        {0xB3, 1, "APM_STS", 0, nullptr, nullptr, "storage", rule::none, 0xFF, &state::status},
    }};
    return k_rows;
}

runstate::state_table<apm_ports::state> apm_ports::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_number<&state::control>("apm_control", 0, 0xFF).shown("apm-control", "What port B2 reads."),
        state_number<&state::status>("apm_status", 0, 0xFF).shown("apm-status", "What port B3 reads."),
    };
    return k_rows;
}

apm_ports::apm_ports(const sc_core::sc_module_name& name, acpi_pm_block& pm1, const apm_commands& commands)
    : sc_module(name), pm1_(pm1), commands_(commands)
{
}

apm_ports::~apm_ports() = default;

void apm_ports::control_written(std::uint8_t value)
{
    if (value == commands_.acpi_enable) pm1_.hand_over_to_acpi(true);
    if (value == commands_.acpi_disable) pm1_.hand_over_to_acpi(false);
}

std::vector<property> apm_ports::properties()
{
    std::vector<property> all;
    append_properties(all, variables(), state_);
    return all;
}

saved_state apm_ports::save() const { return save_state(variables(), state_); }

prepared_restore apm_ports::prepare(const saved_state& saved)
{
    return prepare_state(section(), saved, variables(), state_);
}

} // namespace vigil::models
