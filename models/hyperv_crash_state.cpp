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
    runstate::saved_state_reader in(section(), state, k_field_count);
    std::array<std::uint64_t, k_msr_count> values{};
    for (std::size_t i = 0; i < k_msr_count; ++i) values[i] = in.number(k_register_fields[i], 0, UINT64_MAX);
    in.require((values[k_ctl_field] & ~all_capabilities()) == 0,
               "field 'ctl' must have no bits outside the mask " + std::to_string(all_capabilities()));
    const std::vector<std::uint8_t>& bytes = in.bytes("crash_occurred");
    in.require(bytes.size() % 4 == 0, "field 'crash_occurred' must have 4 bytes for each vCPU");
    std::set<std::uint32_t> vcpus;
    for (std::size_t i = 0; i < bytes.size() && !in.fault(); i += 4) {
        std::uint32_t vcpu = 0;
        for (std::size_t n = 4; n-- > 0;) vcpu = vcpu << 8 | bytes[i + n];
        in.require(vcpus.empty() || vcpu > *vcpus.rbegin(), "field 'crash_occurred' must be in ascending order");
        vcpus.insert(vcpu);
    }
    if (in.fault()) return in.fault();
    std::copy_n(values.begin(), parameter_.size(), parameter_.begin());
    capabilities_ = values[k_ctl_field];
    crashed_ = std::move(vcpus);
    return std::nullopt;
}

} // namespace vigil::models
