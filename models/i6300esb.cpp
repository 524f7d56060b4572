// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/i6300esb.h>

using vigil::bus::access_context;
using vigil::bus::find_register;
using vigil::runstate::ns;

namespace vigil::models {

namespace reg = i6300esb_reg;
namespace bits = i6300esb_bit;

namespace {

constexpr bus::pci_identity k_identity{0x8086, 0x25AB, 0x088000};

// hw/watchdog/wdt_i6300esb.c: the mask for WDT_INT_TYPE, and where old Linux drivers looked for WDT_TIMEOUT.
constexpr std::uint32_t k_qemu_int_type = 0x11;
constexpr std::uint32_t k_old_linux_timeout = 0x1000;

} // namespace

const std::array<bus::register_row<i6300esb>, 2>& i6300esb::configuration_registers() noexcept
{
    using self = i6300esb;
    static constexpr std::array<bus::register_row<self>, 2> k_rows{{
        {reg::wdt_configuration, 2, "WDT Configuration", 0, &self::read_configuration, &self::write_configuration,
         "bit 5 disables the reboot output, bit 2 selects the 1 MHz scale, the rest is the interrupt type"},
        {reg::wdt_lock, 1, "WDT Lock", 0, &self::read_lock, &self::write_lock,
         "bit 0 locks this register until reset, bit 1 enables counting, bit 2 selects free-running mode"},
    }};
    return k_rows;
}

const std::array<bus::register_row<i6300esb>, 4>& i6300esb::memory_registers() noexcept
{
    using self = i6300esb;
    static constexpr std::array<bus::register_row<self>, 4> k_rows{{
        {reg::preload_value_1, 4, "Preload Value 1", 0, &self::read_preload_1, &self::write_preload_1,
         "20 bits, taken at the start of stage 1; protected by the unlocking sequence"},
        {reg::preload_value_2, 4, "Preload Value 2", 0, &self::read_preload_2, &self::write_preload_2,
         "20 bits, taken at the start of stage 2; protected by the unlocking sequence"},
        {reg::general_interrupt_status, 4, "General Interrupt Status", 0, &self::read_interrupt_status,
         &self::write_interrupt_status, "bit 0: stage-1 interrupt active, cleared by writing 1"},
        {reg::reload, 2, "Reload", 0, &self::read_reload, &self::write_reload,
         "bit 8 restarts stage 1, bit 9 shows and clears the timeout; protected by the unlocking sequence"},
    }};
    return k_rows;
}

i6300esb::i6300esb(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                   const i6300esb_parameters& parameters)
    : pci_function(name, k_identity), parameters_(parameters), clock_(clock)
{
    add_bar(0, bus::bar_kind::memory, static_cast<std::uint32_t>(registers.size()), registers);
    if (!parameters_.stage1_interrupt) irq.bind(irq_unconnected_);
    if (!parameters_.timeout_pin) tout_n.bind(tout_n_unconnected_);
    tout_n.initialize(true);

    SC_HAS_PROCESS(i6300esb);
    SC_METHOD(drive_pins);
    sensitive << pins_changed_;
    dont_initialize();
}

i6300esb::~i6300esb() = default;

std::uint32_t i6300esb::config_read(std::uint32_t offset, unsigned width) const
{
    const auto* row = find_register(configuration_registers(), offset, width);
    return row ? (this->*row->read)() : pci_function::config_read(offset, width);
}

void i6300esb::config_write(std::uint32_t offset, unsigned width, std::uint32_t value, const access_context& context)
{
    if (const auto* row = find_register(configuration_registers(), offset, width)) {
        (this->*row->write)(value, context);
    } else {
        pci_function::config_write(offset, width, value, context);
    }
}

std::uint64_t i6300esb::peek(std::uint64_t offset, unsigned width) const
{
    const auto* row = find_register(memory_registers(), offset, width);
    return row ? (this->*row->read)() : 0;
}

void i6300esb::write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context)
{
    const bool admitted = unlock_.admit(offset, width, value);
    const auto* row = find_register(memory_registers(), offset, width);
    if (!row) return;
    // The datasheet protects the preload and reload registers only.
    if (admitted || row->offset == reg::general_interrupt_status) {
        (this->*row->write)(static_cast<std::uint32_t>(value), context);
    }
}

std::uint32_t i6300esb::int_type_mask() const noexcept
{
    return parameters_.hardware_interrupt_type ? bits::wdt_int_type : k_qemu_int_type;
}

std::uint32_t i6300esb::read_configuration() const
{
    return (reboot_enabled_ ? 0 : bits::wdt_output) | (one_mhz_ ? bits::wdt_pre_sel : 0) | int_type_;
}

void i6300esb::write_configuration(std::uint32_t value, const access_context&)
{
    reboot_enabled_ = (value & bits::wdt_output) == 0;
    one_mhz_ = (value & bits::wdt_pre_sel) != 0;
    int_type_ = value & int_type_mask();
}

std::uint32_t i6300esb::read_lock() const
{
    return (locked_ ? bits::wdt_lock : 0) | (enabled_ ? bits::wdt_enable : 0) | (free_run_ ? bits::wdt_tout_cnf : 0);
}

void i6300esb::write_lock(std::uint32_t value, const access_context& context)
{
    if (locked_) return;
    const bool was_enabled = enabled_;
    locked_ = (value & bits::wdt_lock) != 0;
    enabled_ = (value & bits::wdt_enable) != 0;
    free_run_ = (value & bits::wdt_tout_cnf) != 0;
    if (!enabled_) {
        timer_.cancel();
        drive(irq_pin_, false);
    } else if (!was_enabled) {
        start_stage(1, clock_.now(context.delay));
    }
}

void i6300esb::write_preload_1(std::uint32_t value, const access_context&)
{
    preload1_ = value & k_i6300esb_preload_mask;
}

void i6300esb::write_preload_2(std::uint32_t value, const access_context&)
{
    preload2_ = value & k_i6300esb_preload_mask;
}

std::uint32_t i6300esb::read_interrupt_status() const
{
    return parameters_.hardware_interrupt_type && irq_pin_.active ? bits::wdt_int_act : 0;
}

void i6300esb::write_interrupt_status(std::uint32_t value, const access_context&)
{
    if (parameters_.hardware_interrupt_type && (value & bits::wdt_int_act) != 0) {
        drive(irq_pin_, false);
    }
}

std::uint32_t i6300esb::read_reload() const { return previous_reboot_ ? bits::wdt_timeout | k_old_linux_timeout : 0; }

void i6300esb::write_reload(std::uint32_t value, const access_context& context)
{
    if ((value & bits::wdt_reload) != 0 && enabled_) {
        drive(irq_pin_, false);
        start_stage(1, clock_.now(context.delay));
    }
    if ((value & (bits::wdt_timeout | k_old_linux_timeout)) != 0) previous_reboot_ = false;
}

void i6300esb::start_stage(unsigned stage, ns from)
{
    stage_ = stage;
    timer_.arm(runstate::saturating_add(from, i6300esb_stage_length(stage == 1 ? preload1_ : preload2_, one_mhz_)));
}

void i6300esb::stage_ended()
{
    if (stage_expired) stage_expired(stage_);
    if (stage_ == 1) {
        if (int_type_ == 0) raise_interrupt();
        start_stage(2, clock_.now());
        return;
    }
    drive(irq_pin_, false);
    if (reboot_enabled_) {
        previous_reboot_ = true;
        drive(tout_pin_, true);
        if (watchdog.size() != 0) watchdog->watchdog_expired();
        internal_reset(); // whatever the action was, as in QEMU
    } else if (free_run_) {
        // With both preloads 0 the stages would follow each other for ever at one instant (QEMU hangs): such a restart
        // comes one preload count late.
        const bool endless = preload1_ == 0 && preload2_ == 0;
        const ns late = endless ? i6300esb_stage_length(1, one_mhz_) : ns(0);
        start_stage(1, runstate::saturating_add(clock_.now(), late));
    }
}

void i6300esb::raise_interrupt()
{
    drive(irq_pin_, true);
    if (sc_core::sc_report_handler::get_verbosity_level() >= sc_core::SC_HIGH) {
        SC_REPORT_INFO_VERB("/vigil/models/i6300esb",
                            (std::string(name()) + ": stage 1 ended, interrupt type IRQ").c_str(), sc_core::SC_HIGH);
    }
}

void i6300esb::internal_reset()
{
    timer_.cancel();
    drive(irq_pin_, false);
    reboot_enabled_ = true;
    one_mhz_ = false;
    int_type_ = 0;
    free_run_ = false;
    locked_ = false;
    enabled_ = false;
    preload1_ = k_i6300esb_preload_mask;
    preload2_ = k_i6300esb_preload_mask;
    stage_ = 1;
    unlock_ = {};
}

void i6300esb::reset(runstate::reset_kind kind)
{
    internal_reset();
    drive(tout_pin_, false);
    reset_header();
    if (kind == runstate::reset_kind::cold) {
        previous_reboot_ = false;
        for (std::uint32_t offset = bus::pci_reg::device_specific; offset < k_config_size; offset += 4) {
            set_config(offset, 4, 0);
        }
    }
}

void i6300esb::drive(pin& p, bool active)
{
    if (p.active == active) return;
    p.active = active;
    if (!p.in_use) return;
    p.was_active = p.was_active || active;
    pins_changed_.notify(sc_core::SC_ZERO_TIME);
}

void i6300esb::drive_pins()
{
    if (irq_pin_.in_use) irq.write(irq_pin_.active || irq_pin_.was_active);
    if (tout_pin_.in_use) tout_n.write(!(tout_pin_.active || tout_pin_.was_active));
    // A pin that was active only in between shows a pulse of one delta cycle.
    const bool pulse = (irq_pin_.was_active && !irq_pin_.active) || (tout_pin_.was_active && !tout_pin_.active);
    irq_pin_.was_active = false;
    tout_pin_.was_active = false;
    if (pulse) pins_changed_.notify(sc_core::SC_ZERO_TIME);
}

} // namespace vigil::models
