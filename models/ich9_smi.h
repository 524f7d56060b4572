// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ICH9_SMI_H
#define VIGIL_MODELS_ICH9_SMI_H

#include <array>
#include <cstdint>

#include <systemc>

#include <vigil/bus/register_table.h>
#include <vigil/bus/target_socket.h>
#include <vigil/models/ich9_tco.h>

namespace vigil::models {

/// The SMI control registers of the ICH9 datasheet (316972, section 13.8.3), as QEMU 7.2 models them (hw/acpi/ich9.c):
/// SMI_EN is 32 bits of storage, SMI_STS reads 0. There is no system-management interrupt, but the TCO block is told
/// TCO_EN, which TCO_LOCK keeps as it is. Accesses of 4 bytes only; others read 0 and write nothing.
class ich9_smi : public sc_core::sc_module, private bus::register_device {
public:
    static constexpr std::uint32_t k_size = 8; ///< I/O ports

    /// Without system-management mode (`smm`), SMI_EN says after a reset that APM commands raise an SMI.
    ich9_smi(const sc_core::sc_module_name& name, bool smm, ich9_tco& tco);
    ~ich9_smi() override;

    /// The I/O ports, widths 1, 2 and 4.
    bus::register_socket registers{"registers", *this, k_size};

    static const std::array<bus::register_row<ich9_smi>, 2>& register_table() noexcept;

    void reset() { restore_enable(enable_after_reset_); }

    /// SMI_LOCK: until the next reset, SMI_EN bit GBL_SMI_EN stays as it is.
    void lock_global_enable() noexcept { global_locked_ = true; }

    std::uint32_t enable() const noexcept { return enable_; }
    /// Sets SMI_EN, with nothing locked.
    void restore_enable(std::uint32_t value);

private:
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;

    void write_enable(std::uint32_t value);
    void set_enable(std::uint32_t value);

    ich9_tco& tco_;
    const std::uint32_t enable_after_reset_;
    std::uint32_t enable_;
    bool global_locked_ = false;
};

} // namespace vigil::models

#endif
