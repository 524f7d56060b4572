// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_I8042_H
#define VIGIL_MODELS_I8042_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/port_socket.h>
#include <vigil/models/i8042_registers.h>
#include <vigil/models/ps2_keyboard.h>
#include <vigil/models/ps2_mouse.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/state_table.h>

namespace vigil::models {

/// The keyboard and mouse controller of a PC (Intel 8042 with the firmware of IBM's PS/2), as QEMU 7.2 models it
/// (hw/input/pckbd.c), with a keyboard and a mouse that answer and that nobody touches. Asks `power` for a reset where
/// its output port or a pulse command says so. A20 has no effect on memory; there is no interrupt.
///
/// There is one output buffer. What it shows stays until port 60 is read; what waits behind it comes in the order
/// controller, keyboard, mouse. The controller's own byte has one place: a later one replaces it.
class i8042 : public sc_core::sc_module,
              public runstate::resettable,
              public runstate::inspectable,
              public runstate::snapshottable {
    /// Whose byte the output buffer shows.
    enum class source : std::uint8_t { none, keyboard, mouse, controller };
    /// The controller's own byte: none, or for the keyboard's or the mouse's side of the buffer.
    enum class own_byte : std::uint8_t { none, keyboard_side, mouse_side };
    /// The controller's own; keyboard and mouse have theirs.
    struct state {
        std::uint8_t mode = i8042_mode::after_reset;
        std::uint8_t output_port = i8042_output_port::after_reset;
        bool self_test_passed = false;
        std::uint8_t awaiting = 0;  ///< the command whose byte comes next; 0: none
        std::uint8_t last_read = 0; ///< by port 60
        source shown = source::none;
        bool shown_on_mouse_side = false;
        own_byte own_waiting = own_byte::none;
        std::uint8_t own = 0;
    };
    static runstate::state_table<state> variables() noexcept;

public:
    explicit i8042(const sc_core::sc_module_name& name);
    ~i8042() override;

    /// Asked for a reset.
    runstate::fact_port<runstate::power_if> power{"power"};

    using register_row = bus::register_row<i8042, std::uint8_t, state>;
    static const std::array<register_row, 2>& register_table() noexcept;

    /// Port 60.
    bus::port_socket<i8042, state> data{"data", *this, state_, register_table(), i8042_port::data, 1};
    /// Port 64.
    bus::port_socket<i8042, state> command{"command", *this, state_, register_table(), i8042_port::command, 1};

    /// A command of port 64; the pulse commands F0…FF beside.
    struct command_row {
        std::uint8_t code;
        const char* name;
        void (i8042::*act)(std::uint8_t code);
    };
    static const std::array<command_row, 17>& command_table() noexcept;

    /// All but the byte last read and the command whose byte is still to come, which only power-on (cold) clears.
    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "i8042"; }
    /// Status, mode byte and output port; read-only.
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "i8042"; }
    /// In this order: mode, output_port, self_test_passed, awaiting, last_read, shown (0 nothing, 1 keyboard, 2 mouse,
    /// 3 controller), shown_on_mouse_side, own_waiting (0 no, 1 keyboard's side, 2 mouse's), own, keyboard_awaiting,
    /// keyboard_scan_code_set, keyboard_replies, mouse_awaiting, mouse_status, mouse_resolution, mouse_sample_rate,
    /// mouse_wrap, mouse_id, mouse_detection, mouse_replies.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& saved) override;

private:
    /// Who has something for the output buffer.
    struct waiting {
        own_byte controller;
        bool keyboard;
        bool mouse;
    };

    std::uint8_t read_data() const;
    void data_was_read();
    void write_data(std::uint8_t value);
    std::uint8_t read_status() const;
    void write_command(std::uint8_t value);

    // Commands; the byte that some wait for comes through `write_data`.
    void await_byte(std::uint8_t code) { state_.awaiting = code; }
    void read_mode(std::uint8_t) { answer(state_.mode, own_byte::keyboard_side); }
    void read_input_port(std::uint8_t);
    void read_output_port(std::uint8_t) { answer(state_.output_port, own_byte::keyboard_side); }
    void test_controller(std::uint8_t);
    void test_interface(std::uint8_t);
    void disable_interface(std::uint8_t code);
    void enable_interface(std::uint8_t code);
    void switch_a20(std::uint8_t code);

    void write_output_port(std::uint8_t value);
    void answer(std::uint8_t value, own_byte side); ///< the controller's own byte
    void request_reset();

    waiting who_waits() const noexcept; ///< disabled interfaces do not
    void empty_buffer();
    void fill_buffer(const waiting& who); ///< a full one stays as it is

    state state_;
    ps2_keyboard keyboard_;
    ps2_mouse mouse_;
};

} // namespace vigil::models

#endif
