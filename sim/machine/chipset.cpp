// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/chipset.h>

#include <vigil/models/saved_config.h>

namespace vigil::sim {

using runstate::prepared_restore;

namespace {

constexpr std::uint32_t k_pciexbar = 0x60;
constexpr std::uint32_t k_pciexbar_default = 0xB000'0000; // off
constexpr std::uint32_t k_pciexbar_enable = 0x1;
constexpr std::uint32_t k_pciexbar_length = 0x6;
constexpr std::uint32_t k_mebibyte = 1024 * 1024;

constexpr std::uint32_t k_bmiba = 0x20; // of the PIIX3's IDE function
constexpr const char* k_ide_field = "ide_config";

} // namespace

runstate::saved_state bridge_function::save() const { return {models::save_config(*this)}; }

prepared_restore bridge_function::prepare(const runstate::saved_state& state)
{
    return models::prepare_config(section(), state, *this);
}

piix3_ide::piix3_ide(const sc_core::sc_module_name& name) : pci_function(name, {0x8086, 0x7010, 0x010180})
{
    constexpr std::uint32_t k_status = 0x0280; // medium DEVSEL# timing, fast back-to-back
    constexpr std::uint32_t k_bmiba_mask = 0xFFFF'FFF0;
    constexpr std::uint32_t k_io_space = 0x1;
    set_config(bus::pci_reg::status, 2, k_status);
    set_write_mask(k_bmiba, 4, k_bmiba_mask);
    set_config(k_bmiba, 4, k_io_space);
}

void piix3_ide::reset(runstate::reset_kind kind)
{
    reset_header();
    if (kind == runstate::reset_kind::cold) clear_storage();
}

piix3_isa_bridge::piix3_isa_bridge(const sc_core::sc_module_name& name, piix3_ide& ide)
    : bridge_function(name, {0x8086, 0x7000, 0x060100, 0, 0x1AF4, 0x1100, true}), ide_(ide)
{
}

runstate::saved_state piix3_isa_bridge::save() const
{
    runstate::saved_state state = bridge_function::save();
    state.push_back(models::save_config(ide_, k_ide_field));
    return state;
}

prepared_restore piix3_isa_bridge::prepare(const runstate::saved_state& state)
{
    const bool has_ide = state.size() != 1;
    runstate::saved_state_reader in(section(), state, has_ide ? 2 : 1);
    const models::config_image own = models::read_config(in, *this);
    const models::config_image ide = has_ide ? models::read_config(in, ide_, k_ide_field) : models::config_image{};
    if (in.fault()) return *in.fault();
    return [this, own, has_ide, ide] {
        restore_config_bytes(own);
        if (has_ide) {
            ide_.restore_config_bytes(ide);
        } else {
            ide_.reset(runstate::reset_kind::cold);
        }
    };
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

prepared_restore q35_host_bridge::prepare(const runstate::saved_state& state)
{
    prepared_restore header = bridge_function::prepare(state);
    const auto* const take_over = std::get_if<runstate::restoration>(&header);
    if (take_over == nullptr) return header;
    return [this, header_restored = *take_over] {
        header_restored();
        follow_pciexbar();
    };
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
