// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/detail/introspection.h>

#include <map>
#include <string>
#include <utility>
#include <variant>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>

namespace vigil::qmp_bridge {

namespace {

json_type json_type_of(qapi_kind kind)
{
    switch (kind) {
    case qapi_kind::boolean: return json_type::boolean;
    case qapi_kind::integer: return json_type::integer;
    case qapi_kind::number: return json_type::number;
    case qapi_kind::string: return json_type::string;
    default: return json_type::value;
    }
}

// Collects entities, each type once.
class collector {
public:
    explicit collector(vocabulary words) : words_(words) {}

    void add(const command& one)
    {
        schema_command info{name_of(*one.arguments), name_of(*one.returns), std::nullopt};
        if (one.has(command_trait::allow_oob)) info.allow_oob = true;
        named_.push_back({std::string(one.name), std::move(info)});
    }
    void add(const qapi_event& one) { named_.push_back({std::string(one.name), schema_event{name_of(*one.data)}}); }
    std::vector<schema_info> all() &&
    {
        for (schema_info& type : types_) named_.push_back(std::move(type));
        return std::move(named_);
    }

private:
    // The type's name in the answer; describes it where it is new.
    std::string name_of(const qapi_type& type)
    {
        // Whatever has no members is one and the same type.
        const bool empty = type.kind == qapi_kind::object && type.members.size() == 0;
        const qapi_type* const key = empty ? &k_type<empty_object> : &type;
        if (const auto known = names_.find(key); known != names_.end()) return known->second;
        std::string name;
        switch (type.kind) {
        case qapi_kind::array: name = "[" + name_of(*type.element) + "]"; break;
        case qapi_kind::object:
        case qapi_kind::enumeration: name = std::to_string(numbered_++); break;
        default: name = type.name;
        }
        if (described_[name]) return name; // e.g. `int`, which has several C++ types
        described_[name] = true;
        names_.emplace(key, name);
        types_.push_back({name, describe(type)});
        return name;
    }

    decltype(schema_info::what) describe(const qapi_type& type)
    {
        switch (type.kind) {
        case qapi_kind::array: return schema_array{name_of(*type.element)};
        case qapi_kind::enumeration: return describe_enumeration(type);
        case qapi_kind::object: return describe_object(type);
        default: return schema_builtin{json_type_of(type.kind)};
        }
    }

    schema_enum describe_enumeration(const qapi_type& type) const
    {
        schema_enum info;
        for (const qapi_value& value : type.values) {
            if (value.since > words_) continue;
            info.members.push_back({std::string(value.name)});
            info.values.emplace_back(value.name);
        }
        return info;
    }

    schema_object describe_object(const qapi_type& type)
    {
        schema_object info;
        for (const qapi_member& member : type.members) {
            if (!member.words.in(words_)) continue;
            schema_object_member one{std::string(member.name), name_of(*member.type), std::nullopt};
            if (member.optional) one.default_value = json::value(nullptr);
            info.members.push_back(std::move(one));
        }
        if (type.branches.size() == 0) return info;
        info.tag = type.members.begin()->name;
        info.variants.emplace();
        for (const qapi_branch& branch : type.branches) {
            if (branch.since > words_) continue;
            info.variants->push_back({std::string(branch.name), name_of(*branch.type)});
        }
        return info;
    }

    vocabulary words_;
    std::vector<schema_info> named_;
    std::vector<schema_info> types_;
    std::map<const qapi_type*, std::string> names_;
    std::map<std::string, bool> described_;
    int numbered_ = 0;
};

} // namespace

std::vector<schema_info> introspect(vocabulary words, const std::vector<own_command>& own)
{
    collector all(words);
    for (const command& one : commands()) {
        if (one.spoken_in(words)) all.add(one);
    }
    for (const command& one : own) all.add(one);
    for (const qapi_event& one : k_events) {
        if (one.since <= words) all.add(one);
    }
    return std::move(all).all();
}

} // namespace vigil::qmp_bridge
