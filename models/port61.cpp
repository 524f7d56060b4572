// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/port61.h>

#include <vigil/models/tick_count.h>

using vigil::runstate::ns;
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

port61::port61(const sc_core::sc_module_name& name, runstate::vm_clock& clock) : sc_module(name), clock_(clock) {}

port61::~port61() = default;

bool port61::timer_output(ns at) const
{
    if (at <= timer_start_) return true;
    return tick_count(at - timer_start_, k_timer_hz) % k_timer_count < k_timer_count / 2;
}

std::uint8_t port61::read(const bus::access_context* context) const
{
    const ns at = context != nullptr ? clock_.now(context->delay) : clock_.now();
    std::uint8_t value = 0;
    if (gate_) value |= k_timer_2_gate;
    if (speaker_) value |= k_speaker_data;
    if (!refresh_) value |= k_refresh_toggle; // it toggles before it is read
    if (timer_output(at)) value |= k_timer_2_output;
    return value;
}

void port61::write(std::uint8_t value, const bus::access_context& context)
{
    const bool gate = (value & k_timer_2_gate) != 0;
    if (gate && !gate_) timer_start_ = clock_.now(context.delay); // a rising edge starts the count anew
    gate_ = gate;
    speaker_ = (value & k_speaker_data) != 0;
}

void port61::reset(runstate::reset_kind kind)
{
    gate_ = false;
    timer_start_ = clock_.now();
    if (kind == runstate::reset_kind::cold) {
        speaker_ = false;
        refresh_ = false;
    }
}

std::vector<property> port61::properties()
{
    return {{"system-control", "uint8", "What port 61 reads.", [this] { return std::uint64_t{read(nullptr)}; }, {}}};
}

saved_state port61::save() const
{
    return {{"gate", std::uint64_t{gate_}},
            {"speaker", std::uint64_t{speaker_}},
            {"refresh", std::uint64_t{refresh_}},
            {"timer_start", static_cast<std::uint64_t>(timer_start_.count())}};
}

std::optional<std::string> port61::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 4);
    const bool gate = in.number("gate", 0, 1) != 0;
    const bool speaker = in.number("speaker", 0, 1) != 0;
    const bool refresh = in.number("refresh", 0, 1) != 0;
    const std::uint64_t start = in.number("timer_start", 0, INT64_MAX);
    if (in.fault()) return in.fault();
    gate_ = gate;
    speaker_ = speaker;
    refresh_ = refresh;
    timer_start_ = ns(static_cast<std::int64_t>(start));
    return std::nullopt;
}

} // namespace vigil::models
