// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/reset_register.h>

using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint64_t k_reset_control_port = 0xCF9;
constexpr std::uint8_t k_reset_cpu = 0x04;

} // namespace

reset_register::reset_register(const sc_core::sc_module_name& name, const reset_register_parameters& parameters)
    : sc_module(name), parameters_(parameters)
{
}

reset_register::~reset_register() = default;

void reset_register::map(bus::address_router& ports, int priority)
{
    ports.map(k_reset_control_port, 1, control, {4, priority});
}

std::uint64_t reset_register::peek(std::uint64_t /*offset*/, unsigned /*width*/) const
{
    return parameters_.wide_repeats ? value_ * 0x0101'0101ULL : value_;
}

void reset_register::write(std::uint64_t /*offset*/, unsigned width, std::uint64_t value,
                           const bus::access_context& /*context*/)
{
    const unsigned writes = parameters_.wide_repeats ? width : 1;
    for (unsigned i = 0; i < writes; ++i) write_byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

void reset_register::write_byte(std::uint8_t value)
{
    if ((value & k_reset_cpu) == 0) {
        value_ = value & parameters_.remembered;
    } else if (power.size() != 0) {
        power->request_reset(runstate::shutdown_cause::guest_reset);
    }
}

void reset_register::reset(runstate::reset_kind /*kind*/) { value_ = 0; }

std::vector<property> reset_register::properties()
{
    return {{"reset-register", "uint8", "What port CF9 reads.", [this] { return std::uint64_t{value_}; }, {}}};
}

saved_state reset_register::save() const { return {{"reset_register", std::uint64_t{value_}}}; }

std::optional<std::string> reset_register::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 1);
    const std::uint64_t value = in.number("reset_register", 0, 0xFF);
    in.require((value & ~std::uint64_t{parameters_.remembered}) == 0,
               "field 'reset_register' must have no bits outside " + std::to_string(parameters_.remembered));
    if (!in.fault()) value_ = static_cast<std::uint8_t>(value);
    return in.fault();
}

} // namespace vigil::models
