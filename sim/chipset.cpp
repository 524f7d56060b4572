// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/chipset.h>

#include <vigil/models/saved_config.h>

namespace vigil::sim {

namespace {

constexpr std::uint32_t k_pciexbar = 0x60;
constexpr std::uint32_t k_pciexbar_default = 0xB000'0000; // off
constexpr std::uint32_t k_pciexbar_enable = 0x1;
constexpr std::uint32_t k_pciexbar_length = 0x6;
constexpr std::uint32_t k_mebibyte = 1024 * 1024;

} // namespace

runstate::saved_state bridge_function::save() const { return {models::save_config(*this)}; }

std::optional<std::string> bridge_function::restore(const runstate::saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 1);
    const models::config_image image = models::read_config(in, *this);
    if (!in.fault()) restore_config_bytes(image);
    return in.fault();
}

q35_host_bridge::q35_host_bridge(const sc_core::sc_module_name& name, bus::pci_host& host)
    : bridge_function(name, {0x8086, 0x29C0, 0x060000}), host_(host)
{
    set_config(k_pciexbar, 4, k_pciexbar_default);
}

void q35_host_bridge::reset(runstate::reset_kind /*kind*/)
{
    reset_header();
    set_config(k_pciexbar, 4, k_pciexbar_default);
    follow_pciexbar();
}

std::optional<std::string> q35_host_bridge::restore(const runstate::saved_state& state)
{
    auto fault = bridge_function::restore(state);
    if (!fault) follow_pciexbar();
    return fault;
}

void q35_host_bridge::config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                                   const bus::access_context& context)
{
    pci_function::config_write(offset, width, value, context);
    if (offset < k_pciexbar + 8 && offset + width > k_pciexbar) follow_pciexbar();
}

void q35_host_bridge::follow_pciexbar()
{
    const std::uint32_t pciexbar = config_read(k_pciexbar, 4);
    std::uint32_t size = 0;
    switch (pciexbar & k_pciexbar_length) {
    case 0x0: size = 256 * k_mebibyte; break;
    case 0x2: size = 128 * k_mebibyte; break;
    case 0x4: size = 64 * k_mebibyte; break;
    default: break; // reserved: off
    }
    const bool on = (pciexbar & k_pciexbar_enable) != 0 && size != 0;
    host_.set_ecam_window(pciexbar & ~(size - 1), on ? size : 0);
}

} // namespace vigil::sim
