// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/detail/qdict_order.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace vigil::qmp_bridge {

unsigned qdict_bucket(std::string_view key)
{
    constexpr std::uint32_t k_buckets = 512;
    std::uint32_t sum = 0x238F13AFU * static_cast<std::uint32_t>(key.size());
    unsigned shift = 0;
    for (const char c : key) {
        sum += std::uint32_t{static_cast<std::uint8_t>(c)} << shift;
        shift = (shift + 5) % 24;
    }
    return (1103515243U * sum + 12345U) % k_buckets;
}

std::vector<const boost::json::key_value_pair*> in_qdict_order(const boost::json::object& object)
{
    std::vector<std::pair<unsigned, const boost::json::key_value_pair*>> members;
    members.reserve(object.size());
    for (const auto& member : object) members.emplace_back(qdict_bucket(member.key()), &member);
    std::reverse(members.begin(), members.end());
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

    std::vector<const boost::json::key_value_pair*> ordered;
    ordered.reserve(members.size());
    for (const auto& [bucket, member] : members) ordered.push_back(member);
    return ordered;
}

} // namespace vigil::qmp_bridge
