// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/port61.h>

#include <vigil/models/tick_count.h>

using vigil::runstate::ns;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

constexpr std::uint8_t k_timer_2_gate = 0x01;
constexpr std::uint8_t k_speaker_data = 0x02;
constexpr std::uint8_t k_refresh_toggle = 0x10;
constexpr std::uint8_t k_timer_2_output = 0x20;

// Intel 8254: the PC's frequency, and the count that power-on loads.
constexpr std::uint64_t k_timer_hz = 1'193'182;
constexpr std::uint64_t k_timer_count = 0x10000;

} // namespace

const std::array<port61::register_row, 1>& port61::register_table() noexcept
{
    static constexpr std::array<register_row, 1> k_rows{{
        {0x61,
         1,
         "SYSTEM_CONTROL_B",
         k_refresh_toggle | k_timer_2_output,
         {&port61::read, &port61::was_read},
         &port61::write,
         "bit 0 gates timer 2, bit 1 is stored, bit 4 toggles with every read, bit 5 is the output of timer 2"},
    }};
    return k_rows;
}

runstate::state_table<port61::state> port61::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_flag<&state::gate>("gate"),
        state_flag<&state::speaker>("speaker").survives_reset(),
        state_flag<&state::refresh>("refresh").survives_reset(),
        state_number<&state::timer_start>("timer_start", 0, INT64_MAX),
    };
    return k_rows;
}

port61::port61(const sc_core::sc_module_name& name, runstate::vm_clock& clock) : sc_module(name), clock_(clock)
{
    system_control.timed_by(clock);
}

port61::~port61() = default;

bool port61::timer_output(ns at) const
{
    if (at <= state_.timer_start) return true;
    return tick_count(at - state_.timer_start, k_timer_hz) % k_timer_count < k_timer_count / 2;
}

std::uint8_t port61::read() const
{
    std::uint8_t value = 0;
    if (state_.gate) value |= k_timer_2_gate;
    if (state_.speaker) value |= k_speaker_data;
    if (!state_.refresh) value |= k_refresh_toggle; // it toggles before it is read
    if (timer_output(clock_.now())) value |= k_timer_2_output;
    return value;
}

void port61::write(std::uint8_t value)
{
    const bool gate = (value & k_timer_2_gate) != 0;
    if (gate && !state_.gate) state_.timer_start = clock_.now(); // a rising edge starts the count anew
    state_.gate = gate;
    state_.speaker = (value & k_speaker_data) != 0;
}

void port61::reset(runstate::reset_kind kind)
{
    reset_state(variables(), state_, kind);
    state_.timer_start = clock_.now();
}

std::vector<property> port61::properties()
{
    return {{"system-control", "uint8", "What port 61 reads.", [this] { return std::uint64_t{read()}; }, {}}};
}

saved_state port61::save() const { return save_state(variables(), state_); }

prepared_restore port61::prepare(const saved_state& saved)
{
    return prepare_state(section(), saved, variables(), state_);
}

} // namespace vigil::models
