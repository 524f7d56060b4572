// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/reset_register.h>

using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint8_t k_reset_cpu = 0x04;

} // namespace

const std::array<reset_register::register_row, 1>& reset_register::register_table() noexcept
{
    static constexpr std::array<register_row, 1> k_rows{{
        {0xCF9, 1, "RST_CNT", 0, &reset_register::read, &reset_register::write,
         "with bit 2 set, a write asks for a reset; otherwise it is remembered in the bits that the chip has"},
    }};
    return k_rows;
}

runstate::state_table<reset_register::state> reset_register::variables() noexcept
{
    static constexpr std::array k_rows{
        runstate::state_number<&state::value>("reset_register", 0, 0xFF)
            .shown("reset-register", "What port CF9 reads."),
    };
    return k_rows;
}

reset_register::reset_register(const sc_core::sc_module_name& name, const reset_register_parameters& parameters)
    : sc_module(name), control("control", *this, state_, register_table(), {4, parameters.wide_repeats, 0x00}),
      parameters_(parameters)
{
}

reset_register::~reset_register() = default;

void reset_register::write(std::uint8_t value)
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
