// SPDX-License-Identifier: Apache-2.0
// The keyboard controller's state as seen from outside: properties and snapshots.
#include <vigil/models/i8042.h>

#include <algorithm>

using vigil::runstate::property;
using vigil::runstate::saved_state;
using vigil::runstate::saved_state_reader;

namespace vigil::models {

namespace {

constexpr std::size_t k_fields = 20;
constexpr std::uint64_t k_byte = 0xFF;

// The byte that comes next can be for one of these commands, 0 for none.
template <std::size_t N>
std::uint8_t read_waiting(saved_state_reader& in, const char* name, const std::array<std::uint8_t, N>& commands)
{
    const auto value = static_cast<std::uint8_t>(in.number(name, 0, k_byte));
    const bool known = value == 0 || std::find(commands.begin(), commands.end(), value) != commands.end();
    in.require(known, std::string("field '") + name + "' must be a command that waits for a byte, or 0, not " +
                          std::to_string(value));
    return value;
}

constexpr std::array<std::uint8_t, 5> k_controller_waits{i8042_command::write_mode, i8042_command::write_output_port,
                                                         i8042_command::write_keyboard_output,
                                                         i8042_command::write_mouse_output, i8042_command::write_mouse};
constexpr std::array<std::uint8_t, 4> k_keyboard_waits{0xED, 0xF0, 0xF3, 0xFC};
constexpr std::array<std::uint8_t, 2> k_mouse_waits{0xE8, 0xF3};

std::uint8_t byte_field(saved_state_reader& in, const char* name, std::uint64_t most = k_byte)
{
    return static_cast<std::uint8_t>(in.number(name, 0, most));
}

std::vector<std::uint8_t> read_replies(saved_state_reader& in, const char* name, std::size_t most)
{
    std::vector<std::uint8_t> replies = in.bytes(name);
    in.require(replies.size() <= most, std::string("field '") + name + "' must have at most " + std::to_string(most) +
                                           " bytes, not " + std::to_string(replies.size()));
    return replies;
}

ps2_keyboard::state read_keyboard(saved_state_reader& in)
{
    ps2_keyboard::state keyboard;
    keyboard.waiting_command = read_waiting(in, "keyboard_awaiting", k_keyboard_waits);
    keyboard.scan_code_set = static_cast<std::uint8_t>(in.number("keyboard_scan_code_set", 1, 3));
    keyboard.replies = read_replies(in, "keyboard_replies", 3);
    return keyboard;
}

ps2_mouse::state read_mouse(saved_state_reader& in)
{
    ps2_mouse::state mouse;
    mouse.waiting_command = read_waiting(in, "mouse_awaiting", k_mouse_waits);
    mouse.status = byte_field(in, "mouse_status");
    mouse.resolution = byte_field(in, "mouse_resolution");
    mouse.sample_rate = byte_field(in, "mouse_sample_rate");
    mouse.wrap = in.number("mouse_wrap", 0, 1) != 0;
    mouse.id = byte_field(in, "mouse_id", 4);
    mouse.detection = byte_field(in, "mouse_detection", 3);
    mouse.replies = read_replies(in, "mouse_replies", ps2_mouse::k_most_replies);
    return mouse;
}

} // namespace

std::vector<property> i8042::properties()
{
    return {
        {"status", "uint8", "What port 64 reads.", [this] { return std::uint64_t{read_status(nullptr)}; }, {}},
        {"mode", "uint8", "The mode byte.", [this] { return std::uint64_t{mode_}; }, {}},
        {"output-port", "uint8", "The output port.", [this] { return std::uint64_t{output_port_}; }, {}},
    };
}

saved_state i8042::save() const
{
    const ps2_keyboard::state& keyboard = keyboard_.saved();
    const ps2_mouse::state& mouse = mouse_.saved();
    return {{"mode", std::uint64_t{mode_}},
            {"output_port", std::uint64_t{output_port_}},
            {"self_test_passed", std::uint64_t{self_test_passed_}},
            {"awaiting", std::uint64_t{awaiting_}},
            {"last_read", std::uint64_t{last_read_}},
            {"shown", static_cast<std::uint64_t>(shown_)},
            {"shown_on_mouse_side", std::uint64_t{shown_on_mouse_side_}},
            {"own_waiting", static_cast<std::uint64_t>(own_waiting_)},
            {"own", std::uint64_t{own_}},
            {"keyboard_awaiting", std::uint64_t{keyboard.waiting_command}},
            {"keyboard_scan_code_set", std::uint64_t{keyboard.scan_code_set}},
            {"keyboard_replies", keyboard.replies},
            {"mouse_awaiting", std::uint64_t{mouse.waiting_command}},
            {"mouse_status", std::uint64_t{mouse.status}},
            {"mouse_resolution", std::uint64_t{mouse.resolution}},
            {"mouse_sample_rate", std::uint64_t{mouse.sample_rate}},
            {"mouse_wrap", std::uint64_t{mouse.wrap}},
            {"mouse_id", std::uint64_t{mouse.id}},
            {"mouse_detection", std::uint64_t{mouse.detection}},
            {"mouse_replies", mouse.replies}};
}

std::optional<std::string> i8042::restore(const saved_state& state)
{
    saved_state_reader in(section(), state, k_fields);
    const std::uint8_t mode = byte_field(in, "mode");
    const std::uint8_t output_port = byte_field(in, "output_port");
    const bool self_test_passed = in.number("self_test_passed", 0, 1) != 0;
    const std::uint8_t awaiting = read_waiting(in, "awaiting", k_controller_waits);
    const std::uint8_t last_read = byte_field(in, "last_read");
    const auto shown = static_cast<source>(in.number("shown", 0, std::uint64_t(source::controller)));
    const bool on_mouse_side = in.number("shown_on_mouse_side", 0, 1) != 0;
    const auto own_waiting = static_cast<own_byte>(in.number("own_waiting", 0, std::uint64_t(own_byte::mouse_side)));
    const std::uint8_t own = byte_field(in, "own");
    const ps2_keyboard::state keyboard = read_keyboard(in);
    const ps2_mouse::state mouse = read_mouse(in);
    in.require(shown != source::keyboard || !keyboard.replies.empty(), "nothing in 'keyboard_replies' can be shown");
    in.require(shown != source::mouse || !mouse.replies.empty(), "nothing in 'mouse_replies' can be shown");
    if (in.fault()) return in.fault();

    mode_ = mode;
    output_port_ = output_port;
    self_test_passed_ = self_test_passed;
    awaiting_ = awaiting;
    last_read_ = last_read;
    shown_ = shown;
    shown_on_mouse_side_ = on_mouse_side;
    own_waiting_ = own_waiting;
    own_ = own;
    keyboard_.restore(keyboard);
    mouse_.restore(mouse);
    return std::nullopt;
}

} // namespace vigil::models
