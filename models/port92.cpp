// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/port92.h>

using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint8_t k_fast_reset = 0x01;

} // namespace

const std::array<port92::register_row, 1>& port92::register_table() noexcept
{
    static constexpr std::array<register_row, 1> k_rows{{
        {0x92, 1, "SYSTEM_CONTROL_A", 0, &port92::read, &port92::write,
         "storage; bit 0 going from 0 to 1 asks for a reset"},
    }};
    return k_rows;
}

runstate::state_table<port92::state> port92::variables() noexcept
{
    static constexpr std::array k_rows{
        runstate::state_number<&state::value>("system_control", 0, 0xFF)
            .survives_reset()
            .shown("system-control", "What port 92 reads."),
    };
    return k_rows;
}

port92::port92(const sc_core::sc_module_name& name) : sc_module(name) {}

port92::~port92() = default;

void port92::write(std::uint8_t value)
{
    const bool rising = (value & ~state_.value & k_fast_reset) != 0;
    state_.value = value;
    if (rising && power.size() != 0) power->request_reset(runstate::shutdown_cause::guest_reset);
}

void port92::reset(runstate::reset_kind kind)
{
    reset_state(variables(), state_, kind);
    state_.value &= static_cast<std::uint8_t>(~k_fast_reset);
}

std::vector<property> port92::properties()
{
    std::vector<property> all;
    append_properties(all, variables(), state_);
    return all;
}

saved_state port92::save() const { return save_state(variables(), state_); }

prepared_restore port92::prepare(const saved_state& saved)
{
    return prepare_state(section(), saved, variables(), state_);
}

} // namespace vigil::models
