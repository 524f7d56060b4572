// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_CHIPSET_H
#define VIGIL_SIM_MACHINE_CHIPSET_H

#include <vigil/bus/pci_function.h>
#include <vigil/bus/pci_host.h>
#include <vigil/runstate/interfaces.h>

namespace vigil::sim {

/// A bridge that firmware expects to find on bus 0 and that does nothing itself: header and storage.
class bridge_function : public bus::pci_function, public runstate::resettable, public runstate::snapshottable {
public:
    using pci_function::pci_function;
    void reset(runstate::reset_kind) override { reset_header(); }

    std::string_view section() const override { return "pci_bridge"; }
    /// One field, config: 256 bytes.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;
};

/// The IDE function of the PIIX3 (Intel 82371SB), as firmware finds it: a header whose bus-master base address can be
/// programmed, and storage. There is no drive and no bus master behind it.
class piix3_ide final : public bus::pci_function, public runstate::resettable {
public:
    explicit piix3_ide(const sc_core::sc_module_name& name);
    void reset(runstate::reset_kind kind) override;
};

/// The ISA bridge of the PIIX3, in whose section the chip's IDE function is saved too.
class piix3_isa_bridge : public bridge_function {
public:
    piix3_isa_bridge(const sc_core::sc_module_name& name, piix3_ide& ide);

    /// In addition ide_config, 256 bytes; without it, as in files of version 0.1.0, that function is as after power-on.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;

private:
    piix3_ide& ide_;
};

/// The q35 host bridge (Intel 82G33 MCH): its PCIEXBAR register at 60h opens the memory-mapped configuration window.
/// Bit 0 switches it on, bits 2:1 choose 256, 128 or 64 MiB, the rest is the base (QEMU: hw/pci-host/q35.c).
class q35_host_bridge : public bridge_function {
public:
    q35_host_bridge(const sc_core::sc_module_name& name, bus::pci_host& host);
    void reset(runstate::reset_kind kind) override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;

private:
    void config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                      const bus::access_context& context) override;
    void follow_pciexbar(); ///< opens, moves or closes the window as PCIEXBAR says

    bus::pci_host& host_;
};

} // namespace vigil::sim

#endif
