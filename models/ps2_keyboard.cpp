// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/ps2_keyboard.h>

#include <array>

namespace vigil::models {

namespace {

// What the controller sends.
namespace to_keyboard {
constexpr std::uint8_t nothing = 0x00;
constexpr std::uint8_t set_leds = 0xED;
constexpr std::uint8_t echo = 0xEE;
constexpr std::uint8_t scan_code_set = 0xF0;
constexpr std::uint8_t read_id = 0xF2;
constexpr std::uint8_t set_rate = 0xF3;
constexpr std::uint8_t enable = 0xF4;
constexpr std::uint8_t default_disable = 0xF5;
constexpr std::uint8_t set_default = 0xF6;
constexpr std::uint8_t all_typematic = 0xFA;
constexpr std::uint8_t key_make_break = 0xFC;
constexpr std::uint8_t reset = 0xFF;
} // namespace to_keyboard

// What the keyboard answers.
namespace reply {
constexpr std::uint8_t self_test_passed = 0xAA;
constexpr std::uint8_t id_first = 0xAB;
constexpr std::uint8_t id_second = 0x83;
constexpr std::uint8_t id_second_translated = 0x41;
constexpr std::uint8_t acknowledge = 0xFA;
constexpr std::uint8_t resend = 0xFE;
} // namespace reply

constexpr std::uint8_t k_default_set = 2;
constexpr std::uint8_t k_last_set = 3;
// The numbers of the sets 1…3 as the translation turns them.
constexpr std::array<std::uint8_t, k_last_set> k_translated_set{0x43, 0x41, 0x3F};

} // namespace

const std::array<std::uint8_t, 4> ps2_keyboard::k_waiting_commands{to_keyboard::set_leds, to_keyboard::scan_code_set,
                                                                   to_keyboard::set_rate, to_keyboard::key_make_break};

runstate::state_table<ps2_keyboard::state> ps2_keyboard::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_number<&state::waiting_command>("keyboard_awaiting", 0, 0xFF),
        state_number<&state::scan_code_set>("keyboard_scan_code_set", 1, 3),
        state_bytes<&state::replies>("keyboard_replies", 3),
    };
    return k_rows;
}

void ps2_keyboard::write(std::uint8_t value, bool translated)
{
    if (now_.waiting_command == 0) {
        command(value, translated);
    } else {
        argument(value, translated);
    }
}

std::uint8_t ps2_keyboard::read()
{
    const std::uint8_t value = now_.replies.front();
    now_.replies.erase(now_.replies.begin());
    return value;
}

void ps2_keyboard::command(std::uint8_t value, bool translated)
{
    now_.replies = {reply::acknowledge};
    switch (value) {
    case to_keyboard::nothing:
    case to_keyboard::enable:
    case to_keyboard::all_typematic: break;
    case to_keyboard::set_leds:
    case to_keyboard::scan_code_set:
    case to_keyboard::set_rate:
    case to_keyboard::key_make_break: now_.waiting_command = value; break;
    case to_keyboard::default_disable:
    case to_keyboard::set_default: now_.scan_code_set = k_default_set; break;
    case to_keyboard::reset:
        now_.scan_code_set = k_default_set;
        now_.replies.push_back(reply::self_test_passed);
        break;
    case to_keyboard::read_id:
        now_.replies.push_back(reply::id_first);
        now_.replies.push_back(translated ? reply::id_second_translated : reply::id_second);
        break;
    case to_keyboard::echo: now_.replies = {to_keyboard::echo}; break;
    default: now_.replies = {reply::resend}; break;
    }
}

void ps2_keyboard::argument(std::uint8_t value, bool translated)
{
    now_.replies = {reply::acknowledge};
    if (now_.waiting_command == to_keyboard::scan_code_set) choose_scan_codes(value, translated);
    now_.waiting_command = 0;
}

void ps2_keyboard::choose_scan_codes(std::uint8_t set, bool translated)
{
    if (set == 0) { // asks for the one in use
        now_.replies.push_back(translated ? k_translated_set[now_.scan_code_set - 1U] : now_.scan_code_set);
    } else if (set <= k_last_set) {
        now_.scan_code_set = set;
    } else {
        now_.replies = {reply::resend};
    }
}

} // namespace vigil::models
