// SPDX-License-Identifier: Apache-2.0
// The watchdog's state as seen from outside: properties and snapshots.
#include <vigil/models/i6300esb.h>

#include <vigil/models/saved_config.h>

using vigil::runstate::k_never;
using vigil::runstate::ns;
using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// The fields of a snapshot after `config` (QEMU's section i6300esb_wdt, version 10000), and the range of each.
struct field {
    const char* name;
    std::uint64_t least;
    std::uint64_t most;
};
enum field_index : std::size_t {
    reboot_enabled,
    clock_scale,
    int_type,
    free_run,
    locked,
    enabled,
    timer,
    preload1,
    preload2,
    stage,
    unlock_state,
    previous_reboot,
    field_count,
};
constexpr std::array<field, field_count> k_fields{{
    {"reboot_enabled", 0, 1},
    {"clock_scale", 0, 1},
    {"int_type", 0, 0x11},
    {"free_run", 0, 1},
    {"locked", 0, 1},
    {"enabled", 0, 1},
    {"timer", 0, UINT64_MAX},
    {"preload1", 0, k_i6300esb_preload_mask},
    {"preload2", 0, k_i6300esb_preload_mask},
    {"stage", 1, 2},
    {"unlock_state", 0, 2},
    {"previous_reboot", 0, 1},
}};

constexpr std::uint64_t k_idle = UINT64_MAX; // the timer field of a watchdog that is not counting

constexpr std::array<const char*, 3> k_unlock_names{"locked", "half", "unlocked"};

} // namespace

std::vector<property> i6300esb::properties()
{
    const auto number = [](const char* name, const char* description, auto value) {
        return property{name, "uint32", description, [value] { return property_value(std::uint64_t{value()}); }, {}};
    };
    const auto flag = [](const char* name, const char* description, auto value) {
        return property{name, "bool", description, [value] { return property_value(bool{value()}); }, {}};
    };
    const auto time = [](const char* name, const char* description, auto value) {
        return property{name,
                        "int",
                        description,
                        [value] {
                            const ns t = value();
                            return property_value(t == k_never ? std::int64_t{-1} : std::int64_t{t.count()});
                        },
                        {}};
    };
    return {
        number("wdt-configuration", "WDT Configuration, configuration offset 60h.",
               [this] { return read_configuration(); }),
        number("wdt-lock", "WDT Lock, configuration offset 68h.", [this] { return read_lock(); }),
        number("preload-value-1", "Preload Value 1 as stored, in counts.", [this] { return preload1_; }),
        number("preload-value-2", "Preload Value 2 as stored, in counts.", [this] { return preload2_; }),
        number("general-interrupt-status", "General Interrupt Status, memory offset 08h.",
               [this] { return read_interrupt_status(); }),
        number("reload", "Reload, memory offset 0Ch.", [this] { return read_reload(); }),
        flag("enabled", "Whether the watchdog is enabled.", [this] { return enabled_; }),
        flag("locked", "Whether WDT Lock ignores writes.", [this] { return locked_; }),
        flag("free-run", "Whether the countdown starts again after stage 2.", [this] { return free_run_; }),
        flag("reboot-enabled", "Whether the end of stage 2 has an effect.", [this] { return reboot_enabled_; }),
        number("interrupt-type", "The interrupt type as written, under its mask; 0 is IRQ.",
               [this] { return int_type_; }),
        number("count-ns", "The length of one preload count, in nanoseconds.",
               [this] { return static_cast<std::uint32_t>(i6300esb_stage_length(1, one_mhz_).count()); }),
        number("stage", "The stage that counts or counted last, 1 or 2.", [this] { return stage_; }),
        time("remaining", "What is left of the stage, in virtual nanoseconds; -1 when idle.",
             [this] { return timer_.remaining(); }),
        time("deadline", "When the stage ends, in virtual nanoseconds; -1 when idle.",
             [this] { return timer_.deadline(); }),
        property{
            "unlock-state",
            "str",
            "How far the unlocking sequence has come: locked, half or unlocked.",
            [this] { return property_value(std::string(k_unlock_names[static_cast<std::size_t>(unlock_.current())])); },
            {}},
        flag("previous-reboot", "Whether the watchdog ran out since the flag was last cleared.",
             [this] { return previous_reboot_; }),
    };
}

saved_state i6300esb::save() const
{
    std::array<std::uint64_t, field_count> values{};
    values[reboot_enabled] = reboot_enabled_;
    values[clock_scale] = one_mhz_;
    values[int_type] = int_type_;
    values[free_run] = free_run_;
    values[locked] = locked_;
    values[enabled] = enabled_;
    values[timer] = timer_.armed() ? static_cast<std::uint64_t>(timer_.deadline().count()) : k_idle;
    values[preload1] = preload1_;
    values[preload2] = preload2_;
    values[stage] = stage_;
    values[unlock_state] = static_cast<std::uint64_t>(unlock_.current());
    values[previous_reboot] = previous_reboot_;

    saved_state state;
    state.reserve(1 + field_count);
    state.push_back(save_config(*this));
    for (std::size_t i = 0; i < field_count; ++i) state.push_back({k_fields[i].name, values[i]});
    return state;
}

std::optional<std::string> i6300esb::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, 1 + field_count);
    const config_image image = read_config(in, *this);
    std::array<std::uint64_t, field_count> values{};
    for (std::size_t i = 0; i < field_count; ++i) {
        values[i] = in.number(k_fields[i].name, k_fields[i].least, k_fields[i].most);
    }
    in.require((values[int_type] & ~std::uint64_t{int_type_mask()}) == 0,
               "field 'int_type' must have no bits outside the mask " + std::to_string(int_type_mask()) + ", not " +
                   std::to_string(values[int_type]));
    in.require(values[timer] == k_idle || values[timer] < static_cast<std::uint64_t>(k_never.count()),
               "field 'timer' must be below 2^63 - 1, or all ones when idle, not " + std::to_string(values[timer]));
    in.require(values[timer] == k_idle || values[enabled] != 0,
               "field 'timer' must be all ones (idle) while 'enabled' is 0");
    if (in.fault()) return in.fault();

    restore_config_bytes(image);
    reboot_enabled_ = values[reboot_enabled] != 0;
    one_mhz_ = values[clock_scale] != 0;
    int_type_ = static_cast<std::uint32_t>(values[int_type]);
    free_run_ = values[free_run] != 0;
    locked_ = values[locked] != 0;
    enabled_ = values[enabled] != 0;
    preload1_ = static_cast<std::uint32_t>(values[preload1]);
    preload2_ = static_cast<std::uint32_t>(values[preload2]);
    stage_ = static_cast<unsigned>(values[stage]);
    unlock_.set(static_cast<i6300esb_unlock::state>(values[unlock_state]));
    previous_reboot_ = values[previous_reboot] != 0;
    if (values[timer] == k_idle) {
        timer_.cancel();
    } else {
        timer_.arm(ns(static_cast<std::int64_t>(values[timer])));
    }
    // QEMU's fields have no pins: the interrupt is active exactly while stage 2 counts with interrupt type IRQ.
    drive(irq_pin_, timer_.armed() && stage_ == 2 && int_type_ == 0);
    drive(tout_pin_, false);
    return std::nullopt;
}

} // namespace vigil::models
