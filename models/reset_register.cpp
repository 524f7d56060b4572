// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/reset_register.h>

using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint64_t k_reset_control_port = 0xCF9;
constexpr std::uint8_t k_reset_cpu = 0x04;

} // namespace

runstate::state_table<reset_register::state> reset_register::variables() noexcept
{
    static constexpr std::array k_rows{
        runstate::state_number<&state::value>("reset_register", 0, 0xFF)
            .shown("reset-register", "What port CF9 reads."),
    };
    return k_rows;
}

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
    return parameters_.wide_repeats ? state_.value * 0x0101'0101ULL : state_.value;
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
        state_.value = value & parameters_.remembered;
    } else if (power.size() != 0) {
        power->request_reset(runstate::shutdown_cause::guest_reset);
    }
}

void reset_register::reset(runstate::reset_kind kind) { reset_state(variables(), state_, kind); }

std::vector<property> reset_register::properties()
{
    std::vector<property> all;
    append_properties(all, variables(), state_);
    return all;
}

saved_state reset_register::save() const { return save_state(variables(), state_); }

prepared_restore reset_register::prepare(const saved_state& saved)
{
    runstate::saved_state_reader in(section(), saved, variables().size());
    const state then = load_state(in, variables(), state_);
    in.require((then.value & ~parameters_.remembered) == 0,
               "field 'reset_register' must have no bits outside " + std::to_string(parameters_.remembered));
    if (in.fault()) return *in.fault();
    return [this, then] { state_ = then; };
}

} // namespace vigil::models
