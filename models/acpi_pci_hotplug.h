// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ACPI_PCI_HOTPLUG_H
#define VIGIL_MODELS_ACPI_PCI_HOTPLUG_H

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

#include <systemc>

#include <vigil/bus/target_socket.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::models {

/// The registers by which QEMU's firmware tables hot-plug PCI devices (QEMU: docs/specs/acpi_pci_hotplug), and the
/// general-purpose event that announces it. A bus has a number of its own there, not PCI's. A slot is bit `slot`.
///
/// Access to `registers` is by double words; anything else reads zero and writes nothing:
///
///     00h  slots where something was put in; reading clears them
///     04h  slots whose device the platform asks back
///     08h  written: the lowest slot in it is ejected
///     0Ch  slots whose device can be taken, or that are free
///     10h  the bus that the others are about
///     14h  written: the lowest slot in it is asked about; read: the acpi-index of its device, 0 for none
class acpi_pci_hotplug : public sc_core::sc_module, public runstate::resettable, public runstate::snapshottable {
    struct registers_face final : bus::register_device {
        explicit registers_face(acpi_pci_hotplug& its_owner) : owner(its_owner) {}
        std::uint64_t read(std::uint64_t offset, unsigned width, const bus::access_context& context) override;
        void write(std::uint64_t offset, unsigned width, std::uint64_t value,
                   const bus::access_context& context) override;
        std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
        acpi_pci_hotplug& owner;
    };
    struct events_face final : bus::register_device {
        explicit events_face(acpi_pci_hotplug& its_owner) : owner(its_owner) {}
        void write(std::uint64_t offset, unsigned width, std::uint64_t value,
                   const bus::access_context& context) override;
        std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
        acpi_pci_hotplug& owner;
    };
    registers_face registers_face_{*this};
    events_face events_face_{*this};

public:
    static constexpr std::uint64_t k_registers = 0x18; ///< bytes
    static constexpr std::uint64_t k_gpe0 = 4;         ///< bytes: status, then enable, 16 bits each

    /// What the platform knows of its slots. A function that is empty is one that answers 0, or does nothing.
    struct platform {
        std::function<std::uint32_t(std::uint32_t bus)> removable;                 ///< 0Ch
        std::function<std::uint32_t(std::uint32_t bus, unsigned slot)> acpi_index; ///< 14h
        std::function<void(std::uint32_t bus, unsigned slot)> eject;               ///< 08h
    };

    acpi_pci_hotplug(const sc_core::sc_module_name& name, platform around);

    bus::register_socket registers{"registers", registers_face_, k_registers, 4};
    /// GPE0: bit 1 of status is set by every insertion and request; writing ones clears.
    bus::register_socket gpe0{"gpe0", events_face_, k_gpe0, 2};

    /// Something was put into that slot.
    void inserted(std::uint32_t bus, unsigned slot);
    /// The platform asks back what is in that slot.
    void ask_back(std::uint32_t bus, unsigned slot);
    /// It has gone.
    void gone(std::uint32_t bus, unsigned slot);

    void reset(runstate::reset_kind kind) override;
    std::string_view section() const override { return "acpi_pci_hotplug"; }
    /// Fields: bus, slot, gpe0_status, gpe0_enable; buses, 12 bytes for each bus about which there is something to say:
    /// its number, 00h and 04h.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;

private:
    struct slots {
        std::uint32_t inserted = 0;
        std::uint32_t asked_back = 0;
    };
    struct state {
        std::uint32_t bus = 0;
        std::uint32_t slot = 0; ///< asked about
        std::uint16_t gpe0_status = 0;
        std::uint16_t gpe0_enable = 0;
        std::map<std::uint32_t, slots> buses;
    };

    std::uint32_t peek(std::uint64_t offset) const;
    void write(std::uint64_t offset, std::uint32_t value);
    void announce() noexcept;

    platform platform_;
    state state_;
};

} // namespace vigil::models

#endif
