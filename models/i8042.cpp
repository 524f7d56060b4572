// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/i8042.h>

#include <algorithm>
#include <cstdio>
#include <utility>

using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;
using vigil::runstate::saved_state_reader;

namespace vigil::models {

namespace {

namespace cmd = i8042_command;
namespace mode = i8042_mode;
namespace output_port = i8042_output_port;
namespace status = i8042_status;

constexpr std::uint8_t k_self_test_result = 0x55;
constexpr std::uint8_t k_interface_works = 0x00;
constexpr std::uint8_t k_input_port = 0x80; // bit 7: the keyboard is not locked

// The mode byte's bit for the interface that a command names.
constexpr std::uint8_t disabled_bit(std::uint8_t command) noexcept
{
    const bool mouse = command == cmd::disable_mouse || command == cmd::enable_mouse;
    return mouse ? mode::mouse_disabled : mode::keyboard_disabled;
}

constexpr std::array<std::uint8_t, 5> k_controller_waits{
    cmd::write_mode, cmd::write_output_port, cmd::write_keyboard_output, cmd::write_mouse_output, cmd::write_mouse};

// The byte that comes next can be for one of these commands, 0 for none.
template <std::size_t N>
void require_waiting(saved_state_reader& in, const char* field, std::uint8_t value,
                     const std::array<std::uint8_t, N>& commands)
{
    in.require(value == 0 || std::find(commands.begin(), commands.end(), value) != commands.end(),
               std::string("field '") + field + "' must be a command that waits for a byte, or 0, not " +
                   std::to_string(value));
}

} // namespace

const std::array<i8042::register_row, 2>& i8042::register_table() noexcept
{
    using self = i8042;
    static constexpr std::array<register_row, 2> k_rows{{
        {i8042_port::data,
         1,
         "DATA",
         0,
         {&self::read_data, &self::data_was_read},
         &self::write_data,
         "reads take the output buffer, or repeat the byte last taken; writes go to whom the command before said, to "
         "the keyboard where there was none"},
        {i8042_port::command, 1, "STATUS/COMMAND", status::idle, &self::read_status, &self::write_command,
         "reads return the status, writes are commands"},
    }};
    return k_rows;
}

const std::array<i8042::command_row, 17>& i8042::command_table() noexcept
{
    using self = i8042;
    static constexpr std::array<command_row, 17> k_rows{{
        {cmd::read_mode, "read the mode byte", &self::read_mode},
        {cmd::write_mode, "write the mode byte", &self::await_byte},
        {cmd::disable_mouse, "disable the mouse interface", &self::disable_interface},
        {cmd::enable_mouse, "enable the mouse interface", &self::enable_interface},
        {cmd::test_mouse, "test the mouse interface", &self::test_interface},
        {cmd::self_test, "test the controller", &self::test_controller},
        {cmd::test_keyboard, "test the keyboard interface", &self::test_interface},
        {cmd::disable_keyboard, "disable the keyboard interface", &self::disable_interface},
        {cmd::enable_keyboard, "enable the keyboard interface", &self::enable_interface},
        {cmd::read_input_port, "read the input port", &self::read_input_port},
        {cmd::read_output_port, "read the output port", &self::read_output_port},
        {cmd::write_output_port, "write the output port", &self::await_byte},
        {cmd::write_keyboard_output, "write the output buffer as the keyboard", &self::await_byte},
        {cmd::write_mouse_output, "write the output buffer as the mouse", &self::await_byte},
        {cmd::write_mouse, "write to the mouse", &self::await_byte},
        {cmd::disable_a20, "disable A20", &self::switch_a20},
        {cmd::enable_a20, "enable A20", &self::switch_a20},
    }};
    return k_rows;
}

runstate::state_table<i8042::state> i8042::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array<const char*, 4> k_sources{"none", "keyboard", "mouse", "controller"};
    static constexpr std::array<const char*, 3> k_sides{"none", "keyboard", "mouse"};
    static constexpr std::array k_rows{
        state_number<&state::mode>("mode", 0, 0xFF).shown("mode", "The mode byte."),
        state_number<&state::output_port>("output_port", 0, 0xFF).shown("output-port", "The output port."),
        state_flag<&state::self_test_passed>("self_test_passed"),
        state_number<&state::awaiting>("awaiting", 0, 0xFF).survives_reset(),
        state_number<&state::last_read>("last_read", 0, 0xFF).survives_reset(),
        state_choice<&state::shown>("shown", k_sources),
        state_flag<&state::shown_on_mouse_side>("shown_on_mouse_side"),
        state_choice<&state::own_waiting>("own_waiting", k_sides),
        state_number<&state::own>("own", 0, 0xFF).survives_reset(),
    };
    return k_rows;
}

i8042::i8042(const sc_core::sc_module_name& name) : sc_module(name) {}

i8042::~i8042() = default;

std::uint8_t i8042::read_data() const
{
    switch (state_.shown) {
    case source::keyboard: return keyboard_.front();
    case source::mouse: return mouse_.front();
    case source::controller: return state_.own;
    case source::none: break;
    }
    return state_.last_read;
}

void i8042::data_was_read()
{
    state_.last_read = read_data();
    const source from = state_.shown;
    if (from == source::none) return;
    empty_buffer();
    // A device's line falls between two of its bytes, so that whoever else waits comes in between.
    waiting others = who_waits();
    if (from == source::controller) {
        state_.own_waiting = own_byte::none;
        others.controller = own_byte::none;
    } else if (from == source::keyboard) {
        keyboard_.read();
        others.keyboard = false;
    } else {
        mouse_.read();
        others.mouse = false;
    }
    fill_buffer(others);
    fill_buffer(who_waits());
}

void i8042::write_data(std::uint8_t value)
{
    const std::uint8_t by = state_.awaiting;
    state_.awaiting = 0;
    switch (by) {
    case cmd::write_mode: state_.mode = value; break;
    case cmd::write_keyboard_output: answer(value, own_byte::keyboard_side); break;
    case cmd::write_mouse_output: answer(value, own_byte::mouse_side); break;
    case cmd::write_output_port: write_output_port(value); break;
    case cmd::write_mouse:
        mouse_.write(value);
        state_.mode &= static_cast<std::uint8_t>(~mode::mouse_disabled); // talking to it enables it
        break;
    default:
        keyboard_.write(value, (state_.mode & mode::translate) != 0);
        state_.mode &= static_cast<std::uint8_t>(~mode::keyboard_disabled);
        break;
    }
    if (by != cmd::write_output_port) fill_buffer(who_waits());
}

std::uint8_t i8042::read_status() const
{
    std::uint8_t value = status::idle;
    if (state_.shown != source::none) value |= status::output_full;
    if (state_.shown_on_mouse_side) value |= status::output_from_mouse;
    if (state_.self_test_passed) value |= status::self_test_passed;
    return value;
}

void i8042::write_command(std::uint8_t value)
{
    if ((value & cmd::pulse) == cmd::pulse) {
        if ((value & cmd::pulse_leaves_reset) == 0) request_reset();
        return;
    }
    for (const command_row& row : command_table()) {
        if (row.code != value) continue;
        (this->*row.act)(value);
        return;
    }
    if (sc_core::sc_report_handler::get_verbosity_level() < sc_core::SC_HIGH) return;
    char text[40];
    std::snprintf(text, sizeof text, "unsupported keyboard cmd=0x%02x", static_cast<unsigned>(value));
    SC_REPORT_INFO_VERB("/vigil/models/i8042", (std::string(name()) + ": guest error: " + text).c_str(),
                        sc_core::SC_HIGH);
}

void i8042::read_input_port(std::uint8_t /*code*/) { answer(k_input_port, own_byte::keyboard_side); }

void i8042::test_controller(std::uint8_t /*code*/)
{
    state_.self_test_passed = true;
    answer(k_self_test_result, own_byte::keyboard_side);
}

void i8042::test_interface(std::uint8_t /*code*/) { answer(k_interface_works, own_byte::keyboard_side); }

void i8042::disable_interface(std::uint8_t code) { state_.mode |= disabled_bit(code); }

void i8042::enable_interface(std::uint8_t code)
{
    state_.mode &= static_cast<std::uint8_t>(~disabled_bit(code));
    fill_buffer(who_waits());
}

void i8042::switch_a20(std::uint8_t code)
{
    const bool on = code == cmd::enable_a20;
    state_.output_port =
        static_cast<std::uint8_t>(on ? state_.output_port | output_port::a20 : state_.output_port & ~output_port::a20);
}

void i8042::write_output_port(std::uint8_t value)
{
    state_.output_port = value;
    if ((value & output_port::not_reset) == 0) request_reset();
}

void i8042::answer(std::uint8_t value, own_byte side)
{
    state_.own = value;
    state_.own_waiting = side;
    fill_buffer(who_waits());
}

void i8042::request_reset()
{
    if (power.size() != 0) power->request_reset(runstate::shutdown_cause::guest_reset);
}

i8042::waiting i8042::who_waits() const noexcept
{
    return {state_.own_waiting, keyboard_.has_reply() && (state_.mode & mode::keyboard_disabled) == 0,
            mouse_.has_reply() && (state_.mode & mode::mouse_disabled) == 0};
}

void i8042::empty_buffer()
{
    state_.shown = source::none;
    state_.shown_on_mouse_side = false;
    state_.output_port &= static_cast<std::uint8_t>(~(output_port::output_full | output_port::mouse_output_full));
}

void i8042::fill_buffer(const waiting& who)
{
    if (state_.shown != source::none) return;
    empty_buffer(); // what software wrote to the output port's flags
    if (who.controller != own_byte::none) {
        state_.shown = source::controller;
        state_.shown_on_mouse_side = who.controller == own_byte::mouse_side;
    } else if (who.keyboard) {
        state_.shown = source::keyboard;
    } else if (who.mouse) {
        state_.shown = source::mouse;
        state_.shown_on_mouse_side = true;
    } else {
        return;
    }
    state_.output_port |= output_port::output_full;
    if (state_.shown_on_mouse_side) state_.output_port |= output_port::mouse_output_full;
}

void i8042::reset(runstate::reset_kind kind)
{
    reset_state(variables(), state_, kind);
    keyboard_.reset();
    mouse_.reset();
}

std::vector<property> i8042::properties()
{
    std::vector<property> all{
        {"status", "uint8", "What port 64 reads.", [this] { return std::uint64_t{read_status()}; }, {}},
    };
    append_properties(all, variables(), state_);
    return all;
}

saved_state i8042::save() const
{
    saved_state all = save_state(variables(), state_);
    append_fields(all, ps2_keyboard::variables(), keyboard_.saved());
    append_fields(all, ps2_mouse::variables(), mouse_.saved());
    return all;
}

prepared_restore i8042::prepare(const saved_state& saved)
{
    const auto keyboard_table = ps2_keyboard::variables();
    const auto mouse_table = ps2_mouse::variables();
    saved_state_reader in(section(), saved, variables().size() + keyboard_table.size() + mouse_table.size());
    const state then = load_state(in, variables(), state_);
    require_waiting(in, "awaiting", then.awaiting, k_controller_waits);
    const ps2_keyboard::state keyboard = load_state(in, keyboard_table, keyboard_.saved());
    require_waiting(in, "keyboard_awaiting", keyboard.waiting_command, ps2_keyboard::k_waiting_commands);
    const ps2_mouse::state mouse = load_state(in, mouse_table, mouse_.saved());
    require_waiting(in, "mouse_awaiting", mouse.waiting_command, ps2_mouse::k_waiting_commands);
    in.require(then.shown != source::keyboard || !keyboard.replies.empty(),
               "nothing in 'keyboard_replies' can be shown");
    in.require(then.shown != source::mouse || !mouse.replies.empty(), "nothing in 'mouse_replies' can be shown");
    if (in.fault()) return *in.fault();
    return [this, then, keyboard, mouse]() mutable {
        state_ = then;
        keyboard_.restore(std::move(keyboard));
        mouse_.restore(std::move(mouse));
    };
}

} // namespace vigil::models
