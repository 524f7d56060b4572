// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_I8042_REGISTERS_H
#define VIGIL_MODELS_I8042_REGISTERS_H

#include <cstdint>

/// The commands and bits of a PC's keyboard controller (IBM PS/2 Hardware Interface Technical Reference, keyboard and
/// auxiliary device controller).
namespace vigil::models {

namespace i8042_port {
inline constexpr std::uint32_t data = 0x60;
inline constexpr std::uint32_t command = 0x64;
} // namespace i8042_port

/// Commands, written to port 64.
namespace i8042_command {
inline constexpr std::uint8_t read_mode = 0x20;
inline constexpr std::uint8_t write_mode = 0x60;
inline constexpr std::uint8_t disable_mouse = 0xA7;
inline constexpr std::uint8_t enable_mouse = 0xA8;
inline constexpr std::uint8_t test_mouse = 0xA9;
inline constexpr std::uint8_t self_test = 0xAA;
inline constexpr std::uint8_t test_keyboard = 0xAB;
inline constexpr std::uint8_t disable_keyboard = 0xAD;
inline constexpr std::uint8_t enable_keyboard = 0xAE;
inline constexpr std::uint8_t read_input_port = 0xC0;
inline constexpr std::uint8_t read_output_port = 0xD0;
inline constexpr std::uint8_t write_output_port = 0xD1;
inline constexpr std::uint8_t write_keyboard_output = 0xD2; ///< into the output buffer, as if from the keyboard
inline constexpr std::uint8_t write_mouse_output = 0xD3;    ///< likewise, as if from the mouse
inline constexpr std::uint8_t write_mouse = 0xD4;
inline constexpr std::uint8_t disable_a20 = 0xDD;
inline constexpr std::uint8_t enable_a20 = 0xDF;
inline constexpr std::uint8_t pulse = 0xF0; ///< pulses the lines of the output port whose bits 3:0 are 0
inline constexpr std::uint8_t pulse_leaves_reset = 0x01;
} // namespace i8042_command

/// The status, read from port 64.
namespace i8042_status {
inline constexpr std::uint8_t output_full = 0x01;
inline constexpr std::uint8_t self_test_passed = 0x04;
inline constexpr std::uint8_t last_was_command = 0x08; ///< always 1 here
inline constexpr std::uint8_t not_locked = 0x10;       ///< always 1 here
inline constexpr std::uint8_t output_from_mouse = 0x20;
inline constexpr std::uint8_t idle = last_was_command | not_locked;
} // namespace i8042_status

/// The mode byte.
namespace i8042_mode {
inline constexpr std::uint8_t keyboard_interrupt = 0x01;
inline constexpr std::uint8_t mouse_interrupt = 0x02;
inline constexpr std::uint8_t keyboard_disabled = 0x10;
inline constexpr std::uint8_t mouse_disabled = 0x20;
inline constexpr std::uint8_t translate = 0x40;
inline constexpr std::uint8_t after_reset = keyboard_interrupt | mouse_interrupt;
} // namespace i8042_mode

/// The output port.
namespace i8042_output_port {
inline constexpr std::uint8_t not_reset = 0x01;
inline constexpr std::uint8_t a20 = 0x02;
inline constexpr std::uint8_t output_full = 0x10;
inline constexpr std::uint8_t mouse_output_full = 0x20;
inline constexpr std::uint8_t unused = 0xCC;
inline constexpr std::uint8_t after_reset = not_reset | a20 | unused;
} // namespace i8042_output_port

} // namespace vigil::models

#endif
