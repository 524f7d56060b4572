// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/qom_types.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace vigil::qmp_bridge {

namespace {

refusal not_found(const char* what, std::string_view name)
{
    return {std::string(what) + " '" + std::string(name) + "' not found", error_class::device_not_found};
}

refusal not_expected(const char* expected) { return {"Parameter 'typename' expects a " + std::string(expected)}; }

} // namespace

const std::vector<qom_type>& qom_types::types() const
{
    if (make_) {
        std::vector<qom_type> more = make_(); // for which memory may run out
        types_.reserve(types_.size() + more.size());
        std::move(more.begin(), more.end(), std::back_inserter(types_));
        make_ = nullptr;
    }
    return types_;
}

const qom_type* qom_types::find(std::string_view name) const
{
    const auto is_it = [&](const qom_type& one) { return one.name == name; };
    const auto& all = types();
    const auto found = std::find_if(all.begin(), all.end(), is_it);
    return found == all.end() ? nullptr : &*found;
}

bool qom_types::is_made_from(const qom_type& one, std::string_view ancestor) const
{
    for (const qom_type* type = &one; type != nullptr; type = find(type->parent)) {
        if (type->name == ancestor) return true;
    }
    return false;
}

bool qom_types::is_a(const qom_type& one, std::string_view ancestor) const
{
    for (const qom_type* type = &one; type != nullptr; type = find(type->parent)) {
        if (type->name == ancestor) return true;
        for (const std::string_view name : type->interfaces) {
            const qom_type* interface = find(name);
            if (interface != nullptr && is_a(*interface, ancestor)) return true;
        }
    }
    return false;
}

std::vector<const qom_type*> qom_types::that_implement(const std::optional<std::string>& implements,
                                                       bool with_abstract) const
{
    std::vector<const qom_type*> all;
    for (const qom_type& one : types()) {
        if (one.abstract && !with_abstract) continue;
        if (!implements || is_a(one, *implements)) all.push_back(&one);
    }
    return all;
}

std::vector<const qom_type::property*> qom_types::all_properties(const qom_type& one) const
{
    std::vector<const qom_type::property*> all;
    if (const qom_type* parent = find(one.parent)) all = all_properties(*parent);
    for (const qom_type::property& row : one.properties) all.push_back(&row);
    return all;
}

result<std::vector<object_property_info>> qom_types::properties(std::string_view name) const
{
    const qom_type* type = find(name);
    if (type == nullptr) return not_found("Class", name);
    if (is_made_from(*type, "interface")) return not_expected("QOM type");
    std::vector<object_property_info> all;
    for (const qom_type::property* row : all_properties(*type)) {
        all.push_back(row->info);
        if (!tells_defaults_) all.back().default_value.reset();
    }
    return all;
}

result<std::vector<object_property_info>> qom_types::device_properties(std::string_view name) const
{
    const qom_type* type = find(name);
    if (type == nullptr) return not_found("Device", name);
    if (type->abstract || !is_made_from(*type, "device")) return not_expected("non-abstract device type");
    std::vector<object_property_info> all;
    for (const qom_type::property* row : all_properties(*type)) {
        if (!row->bookkeeping) all.push_back(row->info);
    }
    return all;
}

} // namespace vigil::qmp_bridge
