// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_RESET_PORT_H
#define VIGIL_MODELS_RESET_PORT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/target_socket.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// The three I/O ports through which PC software resets the machine, as on QEMU 7.2's pc and q35: the chipset's reset
/// control register (CF9), system control port A (92) and the pulse commands of the keyboard controller (64). Each asks
/// `power` for a reset with cause guest-reset.
class reset_control : public sc_core::sc_module,
                      public runstate::resettable,
                      public runstate::inspectable,
                      public runstate::snapshottable {
    /// One port as its socket sees it; they stand first because the sockets refer to them.
    struct port final : bus::register_device {
        using reader = std::uint8_t (reset_control::*)() const;
        using writer = void (reset_control::*)(std::uint8_t value);

        port(reset_control& owner, reader on_read, writer on_write) : device(owner), read_(on_read), write_(on_write) {}
        void write(std::uint64_t, unsigned, std::uint64_t value, const bus::access_context&) override
        {
            (device.*write_)(static_cast<std::uint8_t>(value));
        }
        std::uint64_t peek(std::uint64_t, unsigned) const override { return (device.*read_)(); }

        reset_control& device;
        reader read_;
        writer write_;
    };

    port reset_register_port_{*this, &reset_control::read_reset_register, &reset_control::write_reset_register};
    port system_control_port_{*this, &reset_control::read_system_control, &reset_control::write_system_control};
    port keyboard_controller_port_{*this, &reset_control::read_keyboard_controller,
                                   &reset_control::write_keyboard_controller};

public:
    /// `remembered`: the bits of the reset control register that it stores: 02 on the PIIX3 (pc), 0A on the ICH9 (q35).
    explicit reset_control(const sc_core::sc_module_name& name, std::uint8_t remembered = 0x02);
    ~reset_control() override;

    /// Asked for a reset.
    runstate::fact_port<runstate::power_if> power{"power"};

    /// Port CF9, one byte: a write with bit 2 set resets; another is remembered and read back until the next reset.
    bus::register_socket reset_register{"reset_register", reset_register_port_, 1, 1};
    /// Port 92, one byte: bit 0 going from 0 to 1 resets; reads return the last value; a reset clears bit 0 only.
    bus::register_socket system_control{"system_control", system_control_port_, 1, 1};
    /// Port 64, one byte: the even commands F0…FE pulse the reset line. There is no keyboard controller: other commands
    /// are lost, and reads return 18h, a status with both buffers empty, so that software waiting for one goes on.
    bus::register_socket keyboard_controller{"keyboard_controller", keyboard_controller_port_, 1, 1};

    void reset(runstate::reset_kind kind) override;

    std::string_view type_name() const override { return "reset-control"; }
    std::vector<runstate::property> properties() override;

    std::string_view section() const override { return "reset_control"; }
    /// In this order: reset_register, system_control; a byte each.
    runstate::saved_state save() const override;
    std::optional<std::string> restore(const runstate::saved_state& state) override;

private:
    std::uint8_t read_reset_register() const { return reset_register_; }
    void write_reset_register(std::uint8_t value);
    std::uint8_t read_system_control() const { return system_control_; }
    void write_system_control(std::uint8_t value);
    std::uint8_t read_keyboard_controller() const;
    void write_keyboard_controller(std::uint8_t value);
    void request_reset();

    const std::uint8_t remembered_;
    std::uint8_t reset_register_ = 0;
    std::uint8_t system_control_ = 0;
};

} // namespace vigil::models

#endif
