// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/apm_ports.h>

using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint64_t k_apm_cnt_port = 0xB2;
constexpr std::uint64_t k_port_count = 2; // APM_CNT, then APM_STS

} // namespace

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
        value |= std::uint64_t{(offset + i) % k_port_count == 0 ? control_ : status_} << (8 * i);
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
            status_ = byte;
        }
    }
}

void apm_ports::write_control(std::uint8_t value)
{
    control_ = value;
    if (value == commands_.acpi_enable) pm1_.hand_over_to_acpi(true);
    if (value == commands_.acpi_disable) pm1_.hand_over_to_acpi(false);
}

std::vector<property> apm_ports::properties()
{
    return {
        {"apm-control", "uint8", "What port B2 reads.", [this] { return std::uint64_t{control_}; }, {}},
        {"apm-status", "uint8", "What port B3 reads.", [this] { return std::uint64_t{status_}; }, {}},
    };
}

saved_state apm_ports::save() const
{
    return {{"apm_control", std::uint64_t{control_}}, {"apm_status", std::uint64_t{status_}}};
}

std::optional<std::string> apm_ports::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 2);
    const std::uint64_t control = in.number("apm_control", 0, 0xFF);
    const std::uint64_t status = in.number("apm_status", 0, 0xFF);
    if (in.fault()) return in.fault();
    control_ = static_cast<std::uint8_t>(control);
    status_ = static_cast<std::uint8_t>(status);
    return std::nullopt;
}

} // namespace vigil::models
