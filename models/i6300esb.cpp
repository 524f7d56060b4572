// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/i6300esb.h>

#include <string>

#include <vigil/bus/register_target.h>
#include <vigil/models/detail/countdown.h>
#include <vigil/models/saved_config.h>
#include <vigil/runstate/state_table.h>

using vigil::bus::access_context;
using vigil::bus::debug_access;
using vigil::bus::find_register;
using vigil::runstate::k_never;
using vigil::runstate::ns;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace reg = i6300esb_reg;
namespace bits = i6300esb_bit;

namespace {

constexpr std::uint64_t k_region = 16; // bytes behind BAR 0

constexpr bus::pci_identity k_identity{0x8086, 0x25AB, 0x088000};

// hw/watchdog/wdt_i6300esb.c: the mask for WDT_INT_TYPE, and where old Linux drivers looked for WDT_TIMEOUT.
constexpr std::uint32_t k_qemu_int_type = 0x11;
constexpr std::uint32_t k_old_linux_timeout = 0x1000;

constexpr std::array<const char*, 3> k_unlock_names{"locked", "half", "unlocked"};

} // namespace

/// What is saved beside configuration space, as it is after power-on.
struct i6300esb::state {
    bool reboot_enabled = true;
    bool one_mhz = false;
    std::uint32_t int_type = 0; ///< as written, under the mask; 0 is IRQ
    bool free_run = false;
    bool locked = false;
    bool enabled = false;
    runstate::ns timer = runstate::k_never; ///< when the stage ends; the timer has it, but in what is saved
    std::uint32_t preload1 = k_i6300esb_preload_mask;
    std::uint32_t preload2 = k_i6300esb_preload_mask;
    unsigned stage = 1;
    i6300esb_unlock unlock = i6300esb_unlock::locked;
    bool previous_reboot = false;
};

struct i6300esb::outputs {
    outputs(i6300esb& its_device, const i6300esb_parameters& parameters)
        : device(its_device),
          tout("tout_pin", device.tout_n, tout_changed, parameters.timeout_pin, output_pin::polarity::active_low)
    {
    }

    i6300esb& device; ///< not close by: for what is rare
    std::function<void(bool)> irq_changed;
    std::function<void(bool)> tout_changed;
    std::function<void(unsigned)> stage_expired;
    output_pin tout;
    runstate::watchdog_if* watchdog = nullptr; ///< what the port is bound to, once that is known
};

class i6300esb::core final : public bus::register_target<core> {
public:
    core(outputs& its_outputs, runstate::vm_clock& clock, const i6300esb_parameters& parameters)
        : register_target({k_region, 4}), parameters_(parameters), timer_(clock, [this] { stage_ended(); }),
          outputs_(its_outputs),
          irq_pin_("irq_pin", outputs_.device.irq, outputs_.irq_changed, parameters.stage1_interrupt)
    {
        timed_by(clock);
    }

    static runstate::state_table<state> variables() noexcept;

    // For register_target: the memory registers. Inlined into each access, of which this is the most part.
    std::uint64_t read(std::uint64_t offset, unsigned width, const access_context& context) const
    {
        return at_register(
            memory_registers(), offset, width, [&](const auto& row) { return row.value(*this, state_, context); }, 0U);
    }
    [[gnu::always_inline]] void write(std::uint64_t offset, unsigned width, std::uint64_t value,
                                      const access_context& context)
    {
        const bool admitted = i6300esb_admit(state_.unlock, offset, width, value);
        const auto put = [&](const auto& row) {
            if ((row.rules & bus::register_rule::needs_unlock) != 0 && !admitted) return false;
            row.put(*this, state_, static_cast<std::uint32_t>(value), context);
            return true;
        };
        at_register(memory_registers(), offset, width, put, false);
    }
    std::uint64_t peek(std::uint64_t offset, unsigned width) const { return read(offset, width, debug_access()); }

    std::uint32_t int_type_mask() const noexcept; ///< the bits of WDT Configuration that are the interrupt type
    std::uint32_t count_length() const;           ///< of one preload count, in ns
    std::uint32_t read_configuration() const;
    void write_configuration(std::uint32_t value);
    std::uint32_t read_lock() const;
    void write_lock(std::uint32_t value);
    std::uint32_t read_preload_1() const { return parameters_.readable_preloads ? state_.preload1 : 0; }
    std::uint32_t read_preload_2() const { return parameters_.readable_preloads ? state_.preload2 : 0; }
    std::uint32_t read_interrupt_status() const;
    void write_interrupt_status(std::uint32_t value);
    std::uint32_t read_reload() const;
    void write_reload(std::uint32_t value);

    const runstate::vm_timer& timer() const noexcept { return timer_; }
    const output_pin& irq_pin() const noexcept { return irq_pin_; }
    const state& values() const noexcept { return state_; }
    state& values() noexcept { return state_; }

    /// Takes over what was saved.
    void restore(const state& then);
    void reset(runstate::reset_kind kind); ///< all that a reset and the end of stage 2 have in common

private:
    void start_stage(unsigned stage, ns from); ///< counts the stage's preload down from then on
    void stage_ended();                        ///< the countdown reached zero
    void raise_interrupt();                    ///< stage 1 ended with interrupt type IRQ
    void drive_interrupt(bool active);

    const i6300esb_parameters parameters_;
    state state_;
    runstate::vm_timer timer_;
    outputs& outputs_;
    output_pin irq_pin_;
};

const std::array<i6300esb::register_row, 2>& i6300esb::configuration_registers() noexcept
{
    using self = core;
    static constexpr std::array<register_row, 2> k_rows{{
        {reg::wdt_configuration, 2, "WDT Configuration", 0, &self::read_configuration, &self::write_configuration,
         "bit 5 disables the reboot output, bit 2 selects the 1 MHz scale, the rest is the interrupt type"},
        {reg::wdt_lock, 1, "WDT Lock", 0, &self::read_lock, &self::write_lock,
         "bit 0 locks this register until reset, bit 1 enables counting, bit 2 selects free-running mode"},
    }};
    return k_rows;
}

const std::array<i6300esb::register_row, 4>& i6300esb::memory_registers() noexcept
{
    using self = core;
    constexpr unsigned needs_unlock = bus::register_rule::needs_unlock;
    static constexpr std::array<register_row, 4> k_rows{{
        {reg::preload_value_1, 4, "Preload Value 1", 0, &self::read_preload_1, nullptr,
         "20 bits, taken at the start of stage 1; protected by the unlocking sequence", needs_unlock,
         k_i6300esb_preload_mask, &state::preload1},
        {reg::preload_value_2, 4, "Preload Value 2", 0, &self::read_preload_2, nullptr,
         "20 bits, taken at the start of stage 2; protected by the unlocking sequence", needs_unlock,
         k_i6300esb_preload_mask, &state::preload2},
        {reg::general_interrupt_status, 4, "General Interrupt Status", 0, &self::read_interrupt_status,
         &self::write_interrupt_status, "bit 0: stage-1 interrupt active, cleared by writing 1"},
        {reg::reload, 2, "Reload", 0, &self::read_reload, &self::write_reload,
         "bit 8 restarts stage 1, bit 9 shows and clears the timeout; protected by the unlocking sequence",
         needs_unlock},
    }};
    return k_rows;
}

runstate::state_table<i6300esb::state> i6300esb::core::variables() noexcept
{
    using namespace runstate;
    static constexpr std::array k_rows{
        state_flag<&state::reboot_enabled>("reboot_enabled")
            .shown("reboot-enabled", "Whether the end of stage 2 has an effect."),
        state_flag<&state::one_mhz>("clock_scale"),
        state_number<&state::int_type>("int_type", 0, k_qemu_int_type)
            .shown("interrupt-type", "The interrupt type as written, under its mask; 0 is IRQ."),
        state_flag<&state::free_run>("free_run").shown("free-run", "Whether the countdown starts again after stage 2."),
        state_flag<&state::locked>("locked").shown("locked", "Whether WDT Lock ignores writes."),
        state_flag<&state::enabled>("enabled").shown("enabled", "Whether the watchdog is enabled."),
        state_deadline<&state::timer>("timer", "idle"),
        state_number<&state::preload1>("preload1", 0, k_i6300esb_preload_mask)
            .shown("preload-value-1", "Preload Value 1 as stored, in counts."),
        state_number<&state::preload2>("preload2", 0, k_i6300esb_preload_mask)
            .shown("preload-value-2", "Preload Value 2 as stored, in counts."),
        state_number<&state::stage>("stage", 1, 2).shown("stage", "The stage that counts or counted last, 1 or 2."),
        state_choice<&state::unlock>("unlock_state", k_unlock_names)
            .shown("unlock-state", "How far the unlocking sequence has come: locked, half or unlocked."),
        state_flag<&state::previous_reboot>("previous_reboot")
            .survives_reset()
            .shown("previous-reboot", "Whether the watchdog ran out since the flag was last cleared."),
    };
    return k_rows;
}

std::uint32_t i6300esb::core::int_type_mask() const noexcept
{
    const bool hardware = parameters_.hardware_interrupt_type || parameters_.hardware_type_bits;
    return hardware ? bits::wdt_int_type : k_qemu_int_type;
}

std::uint32_t i6300esb::core::count_length() const
{
    return static_cast<std::uint32_t>(i6300esb_stage_length(1, state_.one_mhz).count());
}

std::uint32_t i6300esb::core::read_configuration() const
{
    return (state_.reboot_enabled ? 0 : bits::wdt_output) | (state_.one_mhz ? bits::wdt_pre_sel : 0) | state_.int_type;
}

void i6300esb::core::write_configuration(std::uint32_t value)
{
    state_.reboot_enabled = (value & bits::wdt_output) == 0;
    state_.one_mhz = (value & bits::wdt_pre_sel) != 0;
    state_.int_type = value & int_type_mask();
}

std::uint32_t i6300esb::core::read_lock() const
{
    return (state_.locked ? bits::wdt_lock : 0) | (state_.enabled ? bits::wdt_enable : 0) |
           (state_.free_run ? bits::wdt_tout_cnf : 0);
}

void i6300esb::core::write_lock(std::uint32_t value)
{
    if (state_.locked) return;
    const bool was_enabled = state_.enabled;
    state_.locked = (value & bits::wdt_lock) != 0;
    state_.enabled = (value & bits::wdt_enable) != 0;
    state_.free_run = (value & bits::wdt_tout_cnf) != 0;
    if (!state_.enabled) {
        timer_.cancel();
        drive_interrupt(false);
    } else if (!was_enabled) {
        start_stage(1, clock()->now());
    }
}

std::uint32_t i6300esb::core::read_interrupt_status() const
{
    return parameters_.hardware_interrupt_type && irq_pin_.active() ? bits::wdt_int_act : 0;
}

void i6300esb::core::write_interrupt_status(std::uint32_t value)
{
    if (parameters_.hardware_interrupt_type && (value & bits::wdt_int_act) != 0) {
        drive_interrupt(false);
    }
}

std::uint32_t i6300esb::core::read_reload() const
{
    return state_.previous_reboot ? bits::wdt_timeout | k_old_linux_timeout : 0;
}

void i6300esb::core::write_reload(std::uint32_t value)
{
    if ((value & bits::wdt_reload) != 0 && state_.enabled) {
        drive_interrupt(false);
        start_stage(1, clock()->now());
    }
    if ((value & (bits::wdt_timeout | k_old_linux_timeout)) != 0) state_.previous_reboot = false;
}

void i6300esb::core::start_stage(unsigned stage, ns from)
{
    state_.stage = stage;
    timer_.arm(runstate::saturating_add(
        from, i6300esb_stage_length(stage == 1 ? state_.preload1 : state_.preload2, state_.one_mhz)));
}

void i6300esb::core::stage_ended()
{
    if (outputs_.stage_expired) outputs_.stage_expired(state_.stage);
    if (state_.stage == 1) {
        if (state_.int_type == 0) raise_interrupt();
        start_stage(2, clock()->now());
        return;
    }
    drive_interrupt(false);
    if (state_.reboot_enabled) {
        state_.previous_reboot = true;
        outputs_.tout.drive(true);
        if (outputs_.watchdog != nullptr) outputs_.watchdog->watchdog_expired();
        reset(runstate::reset_kind::warm); // whatever the action was, as in QEMU
    } else if (state_.free_run) {
        // With both preloads 0 the stages would follow each other for ever at one instant (QEMU hangs): such a restart
        // comes one preload count late.
        const bool endless = state_.preload1 == 0 && state_.preload2 == 0;
        const ns late = endless ? ns(count_length()) : ns(0);
        start_stage(1, runstate::saturating_add(clock()->now(), late));
    }
}

void i6300esb::core::drive_interrupt(bool active)
{
    irq_pin_.drive(active);
    if (parameters_.interrupt_pin) outputs_.device.show_interrupt(active);
}

void i6300esb::core::raise_interrupt()
{
    drive_interrupt(true);
    if (sc_core::sc_report_handler::get_verbosity_level() >= sc_core::SC_HIGH) {
        SC_REPORT_INFO_VERB("/vigil/models/i6300esb",
                            (std::string(outputs_.device.name()) + ": stage 1 ended, interrupt type IRQ").c_str(),
                            sc_core::SC_HIGH);
    }
}

void i6300esb::core::reset(runstate::reset_kind kind)
{
    timer_.cancel();
    drive_interrupt(false);
    reset_state(variables(), state_, kind);
}

void i6300esb::core::restore(const state& then)
{
    state_ = then;
    rearm(timer_, then.timer);
    // QEMU's fields have no pins: the interrupt is active exactly while stage 2 counts with interrupt type IRQ.
    drive_interrupt(timer_.armed() && then.stage == 2 && then.int_type == 0);
}

i6300esb::i6300esb(const sc_core::sc_module_name& name, runstate::vm_clock& clock,
                   const i6300esb_parameters& parameters)
    : pci_function(name, k_identity), outputs_(runstate::make_dense<outputs>(*this, parameters)),
      core_(runstate::make_dense<core>(*outputs_, clock, parameters)), registers("registers", *core_),
      irq_changed(outputs_->irq_changed), tout_changed(outputs_->tout_changed), stage_expired(outputs_->stage_expired)
{
    add_bar(0, bus::bar_kind::memory, static_cast<std::uint32_t>(registers.size()), registers);
    if (parameters.interrupt_pin) add_interrupt_pin();
    if (parameters.msi) add_msi(reg::msi_capability);
    config.timed_by(clock);
}

i6300esb::~i6300esb() = default;

std::uint32_t i6300esb::config_read(std::uint32_t offset, unsigned width) const
{
    const auto* row = find_register(configuration_registers(), offset, width);
    return row != nullptr ? row->value(*core_, core_->values(), debug_access())
                          : pci_function::config_read(offset, width);
}

void i6300esb::config_write(std::uint32_t offset, unsigned width, std::uint32_t value, const access_context& context)
{
    if (const auto* row = find_register(configuration_registers(), offset, width)) {
        row->put(*core_, core_->values(), value, context);
    } else {
        pci_function::config_write(offset, width, value, context);
    }
}

void i6300esb::end_of_elaboration()
{
    core_->irq_pin().check_binding();
    outputs_->tout.check_binding();
    if (watchdog.size() != 0) outputs_->watchdog = watchdog.operator->();
}

void i6300esb::reset(runstate::reset_kind kind)
{
    core_->reset(kind);
    outputs_->tout.drive(false);
    reset_header();
    if (kind == runstate::reset_kind::cold) clear_storage();
}

std::vector<property> i6300esb::properties()
{
    std::vector<property> all;
    const auto show = [&](const char* name, const char* description, std::uint32_t (core::*value)() const) {
        const core& its = *core_;
        all.push_back({name, "uint32", description, [&its, value] { return std::uint64_t{(its.*value)()}; }, {}});
    };
    show("wdt-configuration", "WDT Configuration, configuration offset 60h.", &core::read_configuration);
    show("wdt-lock", "WDT Lock, configuration offset 68h.", &core::read_lock);
    show("general-interrupt-status", "General Interrupt Status, memory offset 08h.", &core::read_interrupt_status);
    show("reload", "Reload, memory offset 0Ch.", &core::read_reload);
    show("count-ns", "The length of one preload count, in nanoseconds.", &core::count_length);
    append_countdown(all, core_->timer(), "stage", "idle");
    append_properties(all, core::variables(), core_->values());
    return all;
}

saved_state i6300esb::save() const
{
    saved_state all{save_config(*this)};
    state now = core_->values();
    now.timer = core_->timer().deadline();
    append_fields(all, core::variables(), now);
    return all;
}

prepared_restore i6300esb::prepare(const runstate::saved_state& saved)
{
    const std::uint32_t int_types = core_->int_type_mask();
    runstate::saved_state_reader in(section(), saved, 1 + core::variables().size());
    const config_image image = read_config(in, *this);
    const state then = load_state(in, core::variables(), core_->values());
    in.require((then.int_type & ~int_types) == 0, "field 'int_type' must have no bits outside the mask " +
                                                      std::to_string(int_types) + ", not " +
                                                      std::to_string(then.int_type));
    in.require(then.timer == k_never || then.enabled, "field 'timer' must be all ones (idle) while 'enabled' is 0");
    if (in.fault()) return *in.fault();
    return [this, image, then] {
        restore_config_bytes(image);
        core_->restore(then);
        outputs_->tout.drive(false);
    };
}

} // namespace vigil::models
