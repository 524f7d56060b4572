// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/reset_port.h>

using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// Intel 82371SB (PIIX3) datasheet, reset control register.
constexpr std::uint8_t k_reset_cpu = 0x04;
// System control port A of the PS/2 and its successors.
constexpr std::uint8_t k_fast_reset = 0x01;
// Intel 8042: commands F0…FF pulse the output lines whose bits are 0; line 0 resets the CPU.
constexpr std::uint8_t k_pulse_output = 0xF0;
constexpr std::uint8_t k_pulse_leaves_reset = 0x01;
// Intel 8042 status: keyboard not locked, last byte was a command, both buffers empty.
constexpr std::uint8_t k_keyboard_status = 0x18;

} // namespace

reset_control::reset_control(const sc_core::sc_module_name& name, std::uint8_t remembered)
    : sc_module(name), remembered_(remembered)
{
}

reset_control::~reset_control() = default;

void reset_control::write_reset_register(std::uint8_t value)
{
    if ((value & k_reset_cpu) != 0) {
        request_reset();
    } else {
        reset_register_ = value & remembered_;
    }
}

void reset_control::write_system_control(std::uint8_t value)
{
    const bool rising = (value & ~system_control_ & k_fast_reset) != 0;
    system_control_ = value;
    if (rising) request_reset();
}

std::uint8_t reset_control::read_keyboard_controller() const { return k_keyboard_status; }

void reset_control::write_keyboard_controller(std::uint8_t value)
{
    if ((value & k_pulse_output) == k_pulse_output && (value & k_pulse_leaves_reset) == 0) request_reset();
}

void reset_control::request_reset()
{
    if (power.size() != 0) power->request_reset(runstate::shutdown_cause::guest_reset);
}

void reset_control::reset(runstate::reset_kind kind)
{
    reset_register_ = 0;
    if (kind == runstate::reset_kind::cold) {
        system_control_ = 0;
    } else {
        system_control_ &= static_cast<std::uint8_t>(~k_fast_reset);
    }
}

std::vector<property> reset_control::properties()
{
    return {
        {"reset-register", "uint8", "What port CF9 reads.", [this] { return std::uint64_t{reset_register_}; }, {}},
        {"system-control", "uint8", "What port 92 reads.", [this] { return std::uint64_t{system_control_}; }, {}},
    };
}

saved_state reset_control::save() const
{
    return {{"reset_register", std::uint64_t{reset_register_}}, {"system_control", std::uint64_t{system_control_}}};
}

std::optional<std::string> reset_control::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 2);
    const std::uint64_t first = in.number("reset_register", 0, 0xFF);
    in.require((first & ~std::uint64_t{remembered_}) == 0,
               "field 'reset_register' must have no bits outside " + std::to_string(remembered_));
    const std::uint64_t second = in.number("system_control", 0, 0xFF);
    if (in.fault()) return in.fault();
    reset_register_ = static_cast<std::uint8_t>(first);
    system_control_ = static_cast<std::uint8_t>(second);
    return std::nullopt;
}

} // namespace vigil::models
