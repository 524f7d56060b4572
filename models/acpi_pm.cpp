// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/acpi_pm.h>

#include <string>
#include <utility>

#include <vigil/models/saved_config.h>

using vigil::bus::access_context;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::restoration;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// Revision, status (medium DEVSEL# timing, fast back-to-back) and interrupt pin (INTA#) as in hw/acpi/piix4.c.
constexpr bus::pci_identity k_piix4_identity{0x8086, 0x7113, 0x068000, 3};
constexpr std::uint32_t k_piix4_status = 0x0280;
constexpr apm_commands k_piix4_commands{0xF1, 0xF0};

constexpr bus::pci_identity k_ich9_identity{0x8086, 0x2918, 0x060100, 2, 0x1AF4, 0x1100, true};
constexpr apm_commands k_ich9_commands{0x02, 0x03};
// Above PMBASE.
constexpr std::uint32_t k_ich9_smi_offset = 0x30;
constexpr std::uint32_t k_ich9_tco_offset = 0x60;

// Configuration registers.
namespace piix4_reg {
constexpr std::uint32_t devactb = 0x58;
constexpr std::uint32_t devresa_highest = 0x5F;
constexpr std::uint32_t devresb_highest = 0x63;
constexpr std::uint32_t pmregmisc = 0x80;
constexpr std::uint32_t smbba = 0x90;
constexpr std::uint32_t smbhstcfg = 0xD2;
} // namespace piix4_reg

namespace ich9_reg {
constexpr std::uint32_t acpi_cntl = 0x44;
constexpr std::uint32_t pirqa_rout = 0x60; // to PIRQD
constexpr std::uint32_t pirqe_rout = 0x68; // to PIRQH
constexpr std::uint32_t gen_pmcon_1 = 0xA0;
constexpr std::uint32_t gen_pmcon_3 = 0xA4;
constexpr std::uint32_t gen_pmcon_end = 0xA8;
constexpr std::uint32_t rcba = 0xF0;
} // namespace ich9_reg

constexpr std::uint32_t k_base_default = 0x1;    // bit 0: I/O space
constexpr std::uint32_t k_apmc_en = 0x0200'0000; // DEVACTB: APM commands raise an SMI
constexpr std::uint32_t k_not_routed = 0x8080'8080;
constexpr std::uint16_t k_smi_lock = 0x10; // GEN_PMCON_1
constexpr unsigned k_swsmi_rate_sel = 6;   // the field's lowest bit in GEN_PMCON_3
constexpr std::uint32_t k_rcba_enable = 0x1;
constexpr std::uint32_t k_rcba_base = ~(ich9_chipset::k_size - 1);

constexpr const char* k_smi_en = "smi_en";
constexpr const char* k_chip_config = "chip_config";
using byte_string = std::vector<std::uint8_t>;

} // namespace

acpi_pm_function::acpi_pm_function(const sc_core::sc_module_name& name, const bus::pci_identity& identity,
                                   runstate::vm_clock& clock, const acpi_pm_parameters& parameters, const layout& where)
    : pci_function(name, identity), pm1("pm1", clock, parameters), apm("apm", pm1, where.commands), layout_(where)
{
    add_ports(0, acpi_pm_block::k_size, pm1.registers);
    set_write_mask(k_base, 4, layout_.base_writable);
    put(layout_.after_power_on);
    set_config(k_base, 4, k_base_default);
    put(layout_.after_reset);
}

acpi_pm_function::~acpi_pm_function() = default;

void acpi_pm_function::add_ports(std::uint32_t offset, std::uint32_t size, bus::shared_target_socket& socket)
{
    add_port_block(size, socket);
    port_offsets_.push_back(offset);
}

void acpi_pm_function::config_write(std::uint32_t offset, unsigned width, std::uint32_t value,
                                    const access_context& context)
{
    pci_function::config_write(offset, width, value, context);
    follow_base();
}

bool acpi_pm_function::enabled() const
{
    if (layout_.zero_base_is_off && base() == 0) return false;
    return (config_read(layout_.enable, 1) & layout_.enable_bit) != 0;
}

void acpi_pm_function::put(const std::vector<config_value>& values)
{
    for (const config_value& one : values) set_config(one.offset, one.width, one.value);
}

void acpi_pm_function::follow_base()
{
    for (std::size_t i = 0; i < port_offsets_.size(); ++i) {
        decode_port_block(i, {enabled(), base() + port_offsets_[i]});
    }
}

void acpi_pm_function::reset(runstate::reset_kind kind)
{
    reset_header();
    if (kind == runstate::reset_kind::cold) {
        clear_storage();
        put(layout_.after_power_on);
        apm.clear();
    }
    put(layout_.after_reset);
    follow_base();
    pm1.reset(kind);
}

std::vector<property> acpi_pm_function::properties()
{
    std::vector<property> all{
        {"pm-base", "uint16", "The first I/O port.", [this] { return std::uint64_t{base()}; }, {}},
        {"pm-enabled", "bool", "Whether the I/O ports are decoded.", [this] { return enabled(); }, {}},
    };
    for (property& p : pm1.properties()) all.push_back(std::move(p));
    for (property& p : apm.properties()) all.push_back(std::move(p));
    return all;
}

saved_state acpi_pm_function::save() const
{
    saved_state all{save_config(*this)};
    for (auto& f : pm1.save()) all.push_back(std::move(f));
    for (auto& f : apm.save()) all.push_back(std::move(f));
    return all;
}

prepared_restore acpi_pm_function::prepare(const saved_state& saved)
{
    const bool old = saved.size() == k_saved_fields_0_1_0;
    runstate::saved_state_reader in(section(), saved, old ? k_saved_fields_0_1_0 : k_saved_fields);
    const config_image image = read_config(in, *this);
    if (in.fault()) return *in.fault();
    const auto apm_fields = saved.begin() + k_saved_fields_0_1_0;
    runstate::prepared_parts parts(section());
    parts.add(old ? prepared_restore([this] { apm.clear(); }) : apm.prepare(saved_state(apm_fields, saved.end())));
    parts.add(pm1.prepare(saved_state(saved.begin() + 1, apm_fields)));
    parts.add([this, image] {
        restore_config_bytes(image);
        follow_base();
    });
    return parts.whole();
}

piix4_pm::piix4_pm(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters)
    : acpi_pm_function(name, k_piix4_identity, clock, parameters,
                       {"PIIX4_PM",
                        "piix4_pm",
                        64,
                        0xFFFF'FFFF,
                        false,
                        piix4_reg::pmregmisc,
                        0x01,
                        k_piix4_commands,
                        {{k_base, 1, k_base_default},
                         {piix4_reg::devactb, 4, parameters.smm ? 0 : k_apmc_en},
                         {piix4_reg::pmregmisc, 1, 0}},
                        {{piix4_reg::devresa_highest, 1, 0x10},
                         {piix4_reg::devresb_highest, 1, 0x60},
                         {piix4_reg::smbba, 2, 0xB101},
                         {piix4_reg::smbhstcfg, 1, 0x09}}})
{
    set_config(bus::pci_reg::status, 2, k_piix4_status);
    add_interrupt_pin();
}

piix4_pm::~piix4_pm() = default;

ich9_lpc::ich9_lpc(const sc_core::sc_module_name& name, runstate::vm_clock& clock, const acpi_pm_parameters& parameters,
                   const ich9_tco_parameters& tco_parameters, const ich9_smi_parameters& smi_parameters)
    : acpi_pm_function(name, k_ich9_identity, clock, parameters,
                       {"ICH9-LPC",
                        "ICH9LPC",
                        128,
                        0xFF87,
                        true,
                        ich9_reg::acpi_cntl,
                        0x80,
                        k_ich9_commands,
                        {{k_base, 4, k_base_default},
                         {ich9_reg::acpi_cntl, 1, 0},
                         {ich9_reg::pirqa_rout, 4, k_not_routed},
                         {ich9_reg::pirqe_rout, 4, k_not_routed},
                         {ich9_reg::rcba, 4, 0}},
                        {}}),
      tco("tco", clock, tco_parameters), smi("smi", clock, tco, parameters.smm, smi_parameters),
      chipset("chipset", tco, tco_parameters.no_reboot_strap || !tco_parameters.strap_in_gcs)
{
    add_ports(k_ich9_smi_offset, ich9_smi::k_size, smi.registers);
    add_ports(k_ich9_tco_offset, ich9_tco::k_size, tco.registers);
    add_memory_block(ich9_chipset::k_size, chipset.registers);
}

ich9_lpc::~ich9_lpc() = default;

void ich9_lpc::reset(runstate::reset_kind kind)
{
    acpi_pm_function::reset(kind);
    if (kind == runstate::reset_kind::cold) unlock_smi_lock();
    follow_periods();
    smi.reset(kind);
    chipset.reset();
    tco.reset(kind);
    follow_rcba();
}

void ich9_lpc::config_write(std::uint32_t offset, unsigned width, std::uint32_t value, const access_context& context)
{
    acpi_pm_function::config_write(offset, width, value, context);
    follow_rcba();
    if (offset >= ich9_reg::gen_pmcon_end || offset + width <= ich9_reg::gen_pmcon_1) return;
    // As on QEMU: whichever of the GEN_PMCON registers is written, after a reset SMI_LOCK locks again, and the SMI
    // timers start anew.
    follow_smi_lock();
    follow_periods();
    smi.restart_timers();
}

void ich9_lpc::follow_periods()
{
    const std::uint32_t rate = config_read(ich9_reg::gen_pmcon_3, 1) >> k_swsmi_rate_sel;
    smi.select_periods(rate & 3, config_read(ich9_reg::gen_pmcon_1, 1) & 3);
}

std::uint32_t ich9_lpc::rcba() const { return config_read(ich9_reg::rcba, 4); }

void ich9_lpc::follow_rcba() { decode_memory_block(0, {(rcba() & k_rcba_enable) != 0, rcba() & k_rcba_base}); }

void ich9_lpc::follow_smi_lock()
{
    if ((config_read(ich9_reg::gen_pmcon_1, 2) & k_smi_lock) == 0) return;
    set_write_mask(ich9_reg::gen_pmcon_1, 2, 0xFFFF & ~k_smi_lock);
    smi.lock_global_enable();
}

void ich9_lpc::unlock_smi_lock() { set_write_mask(ich9_reg::gen_pmcon_1, 2, 0xFFFF); }

void ich9_lpc::restore_smi_lock(std::uint8_t gen_pmcon_1)
{
    unlock_smi_lock();
    set_config(ich9_reg::gen_pmcon_1, 1, gen_pmcon_1);
    follow_smi_lock();
}

std::vector<property> ich9_lpc::properties()
{
    std::vector<property> all = acpi_pm_function::properties();
    all.push_back({"smi-enable", "uint32", "SMI_EN.", [this] { return std::uint64_t{smi.enable()}; }, {}});
    all.push_back({"rcba",
                   "uint32",
                   "Where the chipset registers are, and in bit 0 whether.",
                   [this] { return std::uint64_t{rcba()}; },
                   {}});
    for (property& p : tco.properties()) all.push_back(std::move(p));
    for (property& p : smi.properties()) all.push_back(std::move(p));
    return all;
}

saved_state ich9_lpc::save() const
{
    saved_state all = acpi_pm_function::save();
    all.push_back({k_smi_en, std::uint64_t{smi.enable()}});
    all.push_back({k_chip_config, chipset.bytes()});
    for (auto& f : tco.save()) all.push_back(std::move(f));
    for (auto& f : smi.save()) all.push_back(std::move(f));
    return all;
}

prepared_restore ich9_lpc::prepare(const saved_state& saved)
{
    const bool has_enable = saved.size() != k_saved_fields_0_1_0;
    const bool has_tco = has_enable && saved.size() != k_saved_fields_with_smi;
    const bool has_smi = has_tco && saved.size() != k_saved_fields_with_tco;
    if (has_smi && saved.size() != k_all_saved_fields) {
        return *runstate::saved_state_reader(section(), saved, k_all_saved_fields).fault();
    }
    const auto own_fields = saved.begin() + (has_enable ? k_saved_fields : k_saved_fields_0_1_0);
    const auto smi_fields = saved.end() - (has_smi ? ich9_smi::k_saved_fields : 0);
    const auto tco_fields = smi_fields - (has_tco ? ich9_tco::k_saved_fields : 0);
    const saved_state own(own_fields, tco_fields);
    runstate::saved_state_reader in(section(), own, own.size());
    const std::uint64_t enable = has_enable ? in.number(k_smi_en, 0, UINT32_MAX) : 0;
    const byte_string chip_config = has_tco ? in.bytes(k_chip_config, ich9_chipset::k_size) : byte_string();
    if (in.fault()) return *in.fault();

    runstate::prepared_parts parts(section());
    parts.add(has_tco ? tco.prepare(saved_state(tco_fields, smi_fields))
                      : prepared_restore([this] { tco.reset(runstate::reset_kind::cold); }));
    if (parts.fault()) return *parts.fault();
    prepared_restore base = acpi_pm_function::prepare(saved_state(saved.begin(), own_fields));
    if (std::holds_alternative<std::string>(base)) return base; // it begins with the section already
    parts.add(std::move(base));
    parts.add(has_tco ? chipset.prepare(chip_config) : [this] { chipset.reset(); });
    parts.add([this] { smi.reset(runstate::reset_kind::cold); });
    if (has_enable) parts.add([this, enable] { smi.restore_enable(static_cast<std::uint32_t>(enable)); });
    if (has_smi) parts.add(smi.prepare(saved_state(smi_fields, saved.end())));
    const std::uint8_t gen_pmcon_1 = std::get<byte_string>(saved.front().value)[ich9_reg::gen_pmcon_1];
    parts.add([this, gen_pmcon_1] {
        restore_smi_lock(gen_pmcon_1);
        follow_periods();
        follow_rcba();
    });
    return parts.whole();
}

} // namespace vigil::models
