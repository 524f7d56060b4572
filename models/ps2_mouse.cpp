// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ps2_mouse.h>

namespace vigil::models {

namespace {

// What the controller sends.
namespace to_mouse {
constexpr std::uint8_t set_scaling_1_1 = 0xE6;
constexpr std::uint8_t set_scaling_2_1 = 0xE7;
constexpr std::uint8_t set_resolution = 0xE8;
constexpr std::uint8_t read_status = 0xE9;
constexpr std::uint8_t set_stream_mode = 0xEA;
constexpr std::uint8_t read_data = 0xEB;
constexpr std::uint8_t reset_wrap_mode = 0xEC;
constexpr std::uint8_t set_wrap_mode = 0xEE;
constexpr std::uint8_t set_remote_mode = 0xF0;
constexpr std::uint8_t read_id = 0xF2;
constexpr std::uint8_t set_sample_rate = 0xF3;
constexpr std::uint8_t enable = 0xF4;
constexpr std::uint8_t disable = 0xF5;
constexpr std::uint8_t set_default = 0xF6;
constexpr std::uint8_t reset = 0xFF;
} // namespace to_mouse

// What the mouse answers.
constexpr std::uint8_t k_acknowledge = 0xFA;
constexpr std::uint8_t k_self_test_passed = 0xAA;

namespace status_bit {
constexpr std::uint8_t scaling_2_1 = 0x10;
constexpr std::uint8_t enabled = 0x20;
constexpr std::uint8_t remote = 0x40;
} // namespace status_bit

constexpr std::uint8_t k_default_resolution = 2; // 4 counts a millimetre
constexpr std::uint8_t k_default_sample_rate = 100;
constexpr std::uint8_t k_id_wheel = 3;
constexpr std::uint8_t k_id_five_buttons = 4;
constexpr std::uint8_t k_report_first = 0x08; // always 1 in the first byte of a report

void set(std::uint8_t& bits, std::uint8_t bit, bool on)
{
    bits = static_cast<std::uint8_t>(on ? bits | bit : bits & ~bit);
}

} // namespace

const std::array<std::uint8_t, 2> ps2_mouse::k_waiting_commands{to_mouse::set_resolution, to_mouse::set_sample_rate};

runstate::state_table<ps2_mouse::state> ps2_mouse::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_number<&state::waiting_command>("mouse_awaiting", 0, 0xFF),
        state_number<&state::status>("mouse_status", 0, 0xFF),
        state_number<&state::resolution>("mouse_resolution", 0, 0xFF),
        state_number<&state::sample_rate>("mouse_sample_rate", 0, 0xFF),
        state_flag<&state::wrap>("mouse_wrap"),
        state_number<&state::id>("mouse_id", 0, k_id_five_buttons),
        state_number<&state::detection>("mouse_detection", 0, 3),
        state_bytes<&state::replies>("mouse_replies", k_most_replies),
    };
    return k_rows;
}

void ps2_mouse::write(std::uint8_t value)
{
    switch (now_.waiting_command) {
    case to_mouse::set_sample_rate: set_sample_rate(value); break;
    case to_mouse::set_resolution: now_.resolution = value; break;
    default: command(value); return;
    }
    now_.waiting_command = 0;
    reply({k_acknowledge});
}

std::uint8_t ps2_mouse::read()
{
    const std::uint8_t value = now_.replies.front();
    now_.replies.erase(now_.replies.begin());
    return value;
}

void ps2_mouse::command(std::uint8_t value)
{
    if (now_.wrap && value != to_mouse::reset && value != to_mouse::reset_wrap_mode) {
        reply({value});
        return;
    }
    switch (value) {
    case to_mouse::set_scaling_1_1: set(now_.status, status_bit::scaling_2_1, false); break;
    case to_mouse::set_scaling_2_1: set(now_.status, status_bit::scaling_2_1, true); break;
    case to_mouse::set_stream_mode: set(now_.status, status_bit::remote, false); break;
    case to_mouse::set_remote_mode: set(now_.status, status_bit::remote, true); break;
    case to_mouse::enable: set(now_.status, status_bit::enabled, true); break;
    case to_mouse::disable: set(now_.status, status_bit::enabled, false); break;
    case to_mouse::set_wrap_mode: now_.wrap = true; break;
    case to_mouse::set_default: set_defaults(); break;
    case to_mouse::set_resolution:
    case to_mouse::set_sample_rate: now_.waiting_command = value; break;
    case to_mouse::read_id: reply({k_acknowledge, now_.id}); return;
    case to_mouse::read_status: reply({k_acknowledge, now_.status, now_.resolution, now_.sample_rate}); return;
    case to_mouse::read_data:
        reply({k_acknowledge});
        report_movement();
        return;
    case to_mouse::reset:
        set_defaults();
        now_.id = 0;
        now_.replies.clear();
        reply({k_acknowledge, k_self_test_passed, now_.id});
        return;
    case to_mouse::reset_wrap_mode:
        if (!now_.wrap) return;
        now_.wrap = false;
        break;
    default: return; // unknown: no answer
    }
    reply({k_acknowledge});
}

void ps2_mouse::set_defaults()
{
    now_.sample_rate = k_default_sample_rate;
    now_.resolution = k_default_resolution;
    now_.status = 0;
}

void ps2_mouse::set_sample_rate(std::uint8_t value)
{
    now_.sample_rate = value;
    // 200, 100, 80 asks for the wheel; 200, 200, 80 for five buttons.
    switch (now_.detection) {
    case 1: now_.detection = value == 100 ? 2 : value == 200 ? 3 : 0; break;
    case 2:
        if (value == 80) now_.id = k_id_wheel;
        now_.detection = 0;
        break;
    case 3:
        if (value == 80) now_.id = k_id_five_buttons;
        now_.detection = 0;
        break;
    default: now_.detection = value == 200 ? 1 : 0; break;
    }
}

void ps2_mouse::reply(const std::vector<std::uint8_t>& bytes)
{
    if (k_most_replies - now_.replies.size() < bytes.size()) return;
    now_.replies.insert(now_.replies.end(), bytes.begin(), bytes.end());
}

void ps2_mouse::report_movement()
{
    std::vector<std::uint8_t> report{k_report_first, 0, 0};
    if (now_.id != 0) report.push_back(0); // the wheel
    reply(report);
}

} // namespace vigil::models
