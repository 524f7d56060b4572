// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/i8042.h>

#include <cstdio>

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

} // namespace

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

i8042::i8042(const sc_core::sc_module_name& name)
    : sc_module(name), mode_(mode::after_reset), output_port_(output_port::after_reset)
{
}

i8042::~i8042() = default;

std::uint8_t i8042::read_data(const bus::access_context* /*context*/) const
{
    switch (shown_) {
    case source::keyboard: return keyboard_.front();
    case source::mouse: return mouse_.front();
    case source::controller: return own_;
    case source::none: break;
    }
    return last_read_;
}

void i8042::data_was_read()
{
    last_read_ = read_data(nullptr);
    const source from = shown_;
    if (from == source::none) return;
    empty_buffer();
    // A device's line falls between two of its bytes, so that whoever else waits comes in between.
    waiting others = who_waits();
    if (from == source::controller) {
        own_waiting_ = own_byte::none;
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

void i8042::write_data(std::uint8_t value, const bus::access_context& /*context*/)
{
    const std::uint8_t by = awaiting_;
    awaiting_ = 0;
    switch (by) {
    case cmd::write_mode: mode_ = value; break;
    case cmd::write_keyboard_output: answer(value, own_byte::keyboard_side); break;
    case cmd::write_mouse_output: answer(value, own_byte::mouse_side); break;
    case cmd::write_output_port: write_output_port(value); break;
    case cmd::write_mouse:
        mouse_.write(value);
        mode_ &= static_cast<std::uint8_t>(~mode::mouse_disabled); // talking to it enables it
        break;
    default:
        keyboard_.write(value, (mode_ & mode::translate) != 0);
        mode_ &= static_cast<std::uint8_t>(~mode::keyboard_disabled);
        break;
    }
    if (by != cmd::write_output_port) fill_buffer(who_waits());
}

std::uint8_t i8042::read_status(const bus::access_context* /*context*/) const
{
    std::uint8_t value = status::last_was_command | status::not_locked;
    if (shown_ != source::none) value |= status::output_full;
    if (shown_on_mouse_side_) value |= status::output_from_mouse;
    if (self_test_passed_) value |= status::self_test_passed;
    return value;
}

void i8042::write_command(std::uint8_t value, const bus::access_context& /*context*/)
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
    self_test_passed_ = true;
    answer(k_self_test_result, own_byte::keyboard_side);
}

void i8042::test_interface(std::uint8_t /*code*/) { answer(k_interface_works, own_byte::keyboard_side); }

void i8042::disable_interface(std::uint8_t code) { mode_ |= disabled_bit(code); }

void i8042::enable_interface(std::uint8_t code)
{
    mode_ &= static_cast<std::uint8_t>(~disabled_bit(code));
    fill_buffer(who_waits());
}

void i8042::switch_a20(std::uint8_t code)
{
    const bool on = code == cmd::enable_a20;
    output_port_ = static_cast<std::uint8_t>(on ? output_port_ | output_port::a20 : output_port_ & ~output_port::a20);
}

void i8042::write_output_port(std::uint8_t value)
{
    output_port_ = value;
    if ((value & output_port::not_reset) == 0) request_reset();
}

void i8042::answer(std::uint8_t value, own_byte side)
{
    own_ = value;
    own_waiting_ = side;
    fill_buffer(who_waits());
}

void i8042::request_reset()
{
    if (power.size() != 0) power->request_reset(runstate::shutdown_cause::guest_reset);
}

i8042::waiting i8042::who_waits() const noexcept
{
    return {own_waiting_, keyboard_.has_reply() && (mode_ & mode::keyboard_disabled) == 0,
            mouse_.has_reply() && (mode_ & mode::mouse_disabled) == 0};
}

void i8042::empty_buffer()
{
    shown_ = source::none;
    shown_on_mouse_side_ = false;
    output_port_ &= static_cast<std::uint8_t>(~(output_port::output_full | output_port::mouse_output_full));
}

void i8042::fill_buffer(const waiting& who)
{
    if (shown_ != source::none) return;
    empty_buffer(); // what software wrote to the output port's flags
    if (who.controller != own_byte::none) {
        shown_ = source::controller;
        shown_on_mouse_side_ = who.controller == own_byte::mouse_side;
    } else if (who.keyboard) {
        shown_ = source::keyboard;
    } else if (who.mouse) {
        shown_ = source::mouse;
        shown_on_mouse_side_ = true;
    } else {
        return;
    }
    output_port_ |= output_port::output_full;
    if (shown_on_mouse_side_) output_port_ |= output_port::mouse_output_full;
}

void i8042::reset(runstate::reset_kind kind)
{
    mode_ = mode::after_reset;
    output_port_ = output_port::after_reset;
    self_test_passed_ = false;
    own_waiting_ = own_byte::none;
    shown_ = source::none;
    shown_on_mouse_side_ = false;
    keyboard_.reset();
    mouse_.reset();
    if (kind == runstate::reset_kind::cold) {
        awaiting_ = 0;
        last_read_ = 0;
    }
}

} // namespace vigil::models
