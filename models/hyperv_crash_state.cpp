// SPDX-License-Identifier: Apache-2.0
// The crash MSRs as seen from outside: properties and snapshots.
#include <vigil/models/hyperv_crash.h>

#include <algorithm>
#include <utility>

using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// The fields of a snapshot: the registers, then the vCPUs.
constexpr std::array<const char*, hyperv_crash::k_msr_count> k_register_fields{"p0", "p1", "p2", "p3", "p4", "ctl"};
constexpr std::size_t k_ctl_field = 5;
constexpr std::size_t k_crash_field = 6;
constexpr std::size_t k_field_count = 7;

} // namespace

std::vector<property> hyperv_crash::properties()
{
    std::vector<property> list{
        {"hv-crash", "bool", "Whether the guest crash MSRs exist.", [this] { return options_.enabled; }, {}},
        {"message",
         "bool",
         "Whether the guest may hand over a crash message.",
         [this] { return options_.message; },
         {}},
    };
    for (std::size_t i = 0; i < k_msr_count; ++i) {
        const auto& row = msrs()[i];
        list.push_back({k_register_fields[i],
                        "uint64",
                        std::string("What ") + row.name + " reads where it exists.",
                        [this, &row] { return property_value((this->*row.read)()); },
                        {}});
    }
    return list;
}

saved_state hyperv_crash::save() const
{
    saved_state state;
    state.reserve(k_field_count);
    for (std::size_t i = 0; i < k_msr_count; ++i) state.push_back({k_register_fields[i], (this->*msrs()[i].read)()});
    std::vector<std::uint8_t> vcpus;
    vcpus.reserve(4 * crashed_.size());
    for (const std::uint32_t vcpu : crashed_) {
        for (unsigned shift = 0; shift < 32; shift += 8) vcpus.push_back(static_cast<std::uint8_t>(vcpu >> shift));
    }
    state.push_back({"crash_occurred", std::move(vcpus)});
    return state;
}

std::optional<std::string> hyperv_crash::restore(const saved_state& state)
{
    const auto refuse = [this](const std::string& text) { return std::string(section()) + ": " + text; };
    if (state.size() != k_field_count) {
        return refuse(std::to_string(k_field_count) + " fields expected, " + std::to_string(state.size()) + " found");
    }
    std::array<std::uint64_t, k_msr_count> values{};
    for (std::size_t i = 0; i < k_msr_count; ++i) {
        const auto* value = std::get_if<std::uint64_t>(&state[i].value);
        if (state[i].name != k_register_fields[i] || !value) {
            return refuse("field " + std::to_string(1 + i) + " must be '" + k_register_fields[i] + "' with a number");
        }
        values[i] = *value;
    }
    if ((values[k_ctl_field] & ~all_capabilities()) != 0) {
        return refuse("field 'ctl' must have no bits outside the mask " + std::to_string(all_capabilities()));
    }
    const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&state[k_crash_field].value);
    if (state[k_crash_field].name != "crash_occurred" || !bytes || bytes->size() % 4 != 0) {
        return refuse("field 7 must be 'crash_occurred' with 4 bytes for each vCPU");
    }
    std::set<std::uint32_t> vcpus;
    for (std::size_t i = 0; i < bytes->size(); i += 4) {
        std::uint32_t vcpu = 0;
        for (std::size_t n = 4; n-- > 0;) vcpu = vcpu << 8 | (*bytes)[i + n];
        if (!vcpus.empty() && vcpu <= *vcpus.rbegin()) {
            return refuse("field 'crash_occurred' must be in ascending order");
        }
        vcpus.insert(vcpus.end(), vcpu);
    }
    std::copy_n(values.begin(), parameter_.size(), parameter_.begin());
    capabilities_ = values[k_ctl_field];
    crashed_ = std::move(vcpus);
    return std::nullopt;
}

} // namespace vigil::models
