// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/apm_ports.h>

using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint64_t k_apm_cnt_port = 0xB2;
constexpr std::uint64_t k_port_count = 2; // APM_CNT, then APM_STS

} // namespace

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

void apm_ports::map(bus::address_router& ports) { ports.map(k_apm_cnt_port, k_port_count, registers, {4}); }

std::uint64_t apm_ports::peek(std::uint64_t offset, unsigned width) const
{
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
        value |= std::uint64_t{(offset + i) % k_port_count == 0 ? state_.control : state_.status} << (8 * i);
    }
    return value;
}

void apm_ports::write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& /*context*/)
{
    for (unsigned i = 0; i < width; ++i) {
        const auto byte = static_cast<std::uint8_t>(value >> (8 * i));
        if ((offset + i) % k_port_count == 0) {
            write_control(byte);
        } else {
            state_.status = byte;
        }
    }
}

void apm_ports::write_control(std::uint8_t value)
{
    state_.control = value;
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
