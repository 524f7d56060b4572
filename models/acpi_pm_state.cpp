// SPDX-License-Identifier: Apache-2.0
// The PM1 block's and its functions' state as seen from outside: properties and snapshots.
#include <vigil/models/acpi_pm.h>

#include <utility>

#include <vigil/models/saved_config.h>

using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

struct field {
    const char* name;
    std::uint64_t writable; ///< the bits that it may have
};
constexpr const char* k_smi_en = "smi_en";
constexpr const char* k_chip_config = "chip_config";
using byte_string = std::vector<std::uint8_t>;

constexpr std::array<field, 4> k_fields{{
    {"pm1_status", 0x8100},
    {"pm1_enable", 0xFFFF},
    {"pm1_control", 0xDFFF},
    {"timer_status_from", 0x00FF'FFFF'FFFF'FFFF}, // beyond what the clock can reach
}};

} // namespace

std::vector<property> acpi_pm_block::properties()
{
    constexpr std::array<const char*, 4> k_names{"pm1-status", "pm1-enable", "pm1-control", "pm-timer"};
    std::vector<property> all;
    for (std::size_t i = 0; i < k_names.size(); ++i) {
        const register_row& row = register_table()[i];
        all.push_back({k_names[i],
                       row.width == 2 ? "uint16" : "uint32",
                       std::string(row.name) + ": " + row.description + ".",
                       [this, &row] { return property_value(std::uint64_t{(this->*row.read)(clock_.now())}); },
                       {}});
    }
    return all;
}

saved_state acpi_pm_block::save() const
{
    return {{k_fields[0].name, std::uint64_t{status_}},
            {k_fields[1].name, std::uint64_t{enable_}},
            {k_fields[2].name, std::uint64_t{control_}},
            {k_fields[3].name, timer_status_from_}};
}

std::optional<std::string> acpi_pm_block::restore(const saved_state& state)
{
    runstate::saved_state_reader in(section(), state, k_fields.size());
    std::array<std::uint64_t, k_fields.size()> values{};
    for (std::size_t i = 0; i < k_fields.size(); ++i) {
        const field& f = k_fields[i];
        values[i] = in.number(f.name, 0, UINT64_MAX);
        in.require((values[i] & ~f.writable) == 0, std::string("field '") + f.name + "' must have no bits outside " +
                                                       std::to_string(f.writable) + ", not " +
                                                       std::to_string(values[i]));
    }
    if (in.fault()) return in.fault();
    status_ = static_cast<std::uint16_t>(values[0]);
    enable_ = static_cast<std::uint16_t>(values[1]);
    control_ = static_cast<std::uint16_t>(values[2]);
    timer_status_from_ = values[3];
    return std::nullopt;
}

std::vector<property> acpi_pm_function::properties()
{
    std::vector<property> all{
        {"pm-base", "uint16", "The first I/O port.", [this] { return property_value(std::uint64_t{base()}); }, {}},
        {"pm-enabled", "bool", "Whether the I/O ports are decoded.", [this] { return property_value(enabled()); }, {}},
    };
    for (property& p : pm1.properties()) all.push_back(std::move(p));
    for (property& p : apm.properties()) all.push_back(std::move(p));
    return all;
}

saved_state acpi_pm_function::save() const
{
    saved_state state{save_config(*this)};
    for (auto& f : pm1.save()) state.push_back(std::move(f));
    for (auto& f : apm.save()) state.push_back(std::move(f));
    return state;
}

std::optional<std::string> acpi_pm_function::restore(const saved_state& state)
{
    const bool old = state.size() == k_saved_fields_0_1_0;
    runstate::saved_state_reader in(section(), state, old ? k_saved_fields_0_1_0 : k_saved_fields);
    const config_image image = read_config(in, *this);
    if (in.fault()) return in.fault();
    const auto own = [this](const std::optional<std::string>& fault) { return std::string(section()) + ": " + *fault; };
    const auto apm_fields = state.begin() + k_saved_fields_0_1_0;
    const saved_state apm_before = apm.save();
    if (old) {
        apm.clear();
    } else if (const auto fault = apm.restore(saved_state(apm_fields, state.end()))) {
        return own(fault);
    }
    if (const auto fault = pm1.restore(saved_state(state.begin() + 1, apm_fields))) {
        apm.restore(apm_before);
        return own(fault);
    }
    restore_config_bytes(image);
    follow_base();
    return std::nullopt;
}

std::vector<property> ich9_lpc::properties()
{
    std::vector<property> all = acpi_pm_function::properties();
    const auto number = [](const char* name, const char* description, auto value) {
        return property{name, "uint32", description, [value] { return property_value(std::uint64_t{value()}); }, {}};
    };
    all.push_back(number("smi-enable", "SMI_EN.", [this] { return smi.enable(); }));
    all.push_back(number("rcba", "Where the chipset registers are, and in bit 0 whether.", [this] { return rcba(); }));
    for (property& p : tco.properties()) all.push_back(std::move(p));
    return all;
}

saved_state ich9_lpc::save() const
{
    saved_state state = acpi_pm_function::save();
    state.push_back({k_smi_en, std::uint64_t{smi.enable()}});
    state.push_back({k_chip_config, chipset.bytes()});
    for (auto& f : tco.save()) state.push_back(std::move(f));
    return state;
}

std::optional<std::string> ich9_lpc::restore(const saved_state& state)
{
    const bool has_smi = state.size() != k_saved_fields_0_1_0;
    const bool has_tco = has_smi && state.size() != k_saved_fields_with_smi;
    if (has_tco && state.size() != k_all_saved_fields) {
        return runstate::saved_state_reader(section(), state, k_all_saved_fields).fault();
    }
    const auto own_fields = state.begin() + (has_smi ? k_saved_fields : k_saved_fields_0_1_0);
    const auto tco_fields = state.end() - (has_tco ? ich9_tco::k_saved_fields : 0);
    const saved_state own(own_fields, tco_fields);
    runstate::saved_state_reader in(section(), own, own.size());
    const std::uint64_t enable = has_smi ? in.number(k_smi_en, 0, UINT32_MAX) : 0;
    const byte_string chip_config = has_tco ? in.bytes(k_chip_config, ich9_chipset::k_size) : byte_string();
    if (in.fault()) return in.fault();

    const saved_state tco_before = tco.save();
    if (has_tco) {
        const auto fault = tco.restore(saved_state(tco_fields, state.end()));
        if (fault) return std::string(section()) + ": " + *fault;
    }
    if (auto fault = acpi_pm_function::restore(saved_state(state.begin(), own_fields))) {
        tco.restore(tco_before);
        return fault;
    }
    if (!has_tco) tco.reset(runstate::reset_kind::cold);
    if (has_tco) {
        chipset.restore(chip_config);
    } else {
        chipset.reset();
    }
    if (has_smi) {
        smi.restore_enable(static_cast<std::uint32_t>(enable));
    } else {
        smi.reset();
    }
    restore_smi_lock(std::get<byte_string>(state.front().value));
    follow_rcba();
    return std::nullopt;
}

} // namespace vigil::models
