// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_ICH9_CHIPSET_H
#define VIGIL_MODELS_ICH9_CHIPSET_H

#include <cstdint>
#include <vector>

#include <systemc>

#include <vigil/bus/target_socket.h>
#include <vigil/models/ich9_tco.h>

namespace vigil::models {

/// The chipset configuration registers of the ICH9 datasheet (316972, chapter 10), as QEMU 7.2 models them
/// (hw/isa/lpc_ich9.c): storage, of which a reset sets a few. GCS bit NO_REBOOT is told to the TCO block.
class ich9_chipset : public sc_core::sc_module, private bus::register_device {
public:
    static constexpr std::uint32_t k_size = 0x4000; ///< bytes of memory

    /// `no_reboot`: GCS forbids to reboot after a reset.
    ich9_chipset(const sc_core::sc_module_name& name, ich9_tco& tco, bool no_reboot = true);
    ~ich9_chipset() override;

    /// The memory, widths 1, 2 and 4.
    bus::register_socket registers{"registers", *this, k_size};

    void reset();

    const std::vector<std::uint8_t>& bytes() const noexcept { return bytes_; }
    /// To take over `k_size` bytes.
    runstate::restoration prepare(std::vector<std::uint8_t> bytes);

private:
    void write(std::uint64_t offset, unsigned width, std::uint64_t value, const bus::access_context& context) override;
    std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
    void store(std::uint64_t offset, unsigned width, std::uint64_t value);
    void tell_tco();

    ich9_tco& tco_;
    const bool no_reboot_;
    std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(k_size);
};

} // namespace vigil::models

#endif
