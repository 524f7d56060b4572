// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/introspection.h>

#include <map>
#include <string>
#include <utility>

#include <vigil/qmp-bridge/qmp_commands.h>

namespace vigil::qmp_bridge {

namespace {

schema_info entity(std::string_view name, schema_meta_type meta_type)
{
    schema_info info;
    info.name = name;
    info.meta_type = meta_type;
    return info;
}

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
        schema_info info = entity(one.name, schema_meta_type::command);
        info.arg_type = name_of(*one.arguments);
        info.ret_type = name_of(*one.returns);
        if (one.allow_oob) info.allow_oob = true;
        named_.push_back(std::move(info));
    }
    void add(const qapi_event& one)
    {
        schema_info info = entity(one.name, schema_meta_type::event);
        info.arg_type = name_of(*one.data);
        named_.push_back(std::move(info));
    }
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
        schema_info info = describe(type, name);
        types_.push_back(std::move(info));
        return name;
    }

    schema_info describe(const qapi_type& type, const std::string& name)
    {
        switch (type.kind) {
        case qapi_kind::array: {
            schema_info info = entity(name, schema_meta_type::array);
            info.element_type = name_of(*type.element);
            return info;
        }
        case qapi_kind::enumeration: {
            schema_info info = entity(name, schema_meta_type::enumeration);
            info.members.emplace();
            info.values.emplace();
            for (const qapi_value& value : type.values) {
                if (value.since > words_) continue;
                info.members->push_back({std::string(value.name), std::nullopt, std::nullopt});
                info.values->push_back(std::string(value.name));
            }
            return info;
        }
        case qapi_kind::object: {
            schema_info info = entity(name, schema_meta_type::object);
            info.members.emplace();
            for (const qapi_member& member : type.members) {
                if (member.since > words_) continue;
                schema_member one{std::string(member.name), std::nullopt, name_of(*member.type)};
                if (member.optional) one.default_value = json::value(nullptr);
                info.members->push_back(std::move(one));
            }
            return info;
        }
        default: {
            schema_info info = entity(name, schema_meta_type::builtin);
            info.json_kind = json_type_of(type.kind);
            return info;
        }
        }
    }

    vocabulary words_;
    std::vector<schema_info> named_;
    std::vector<schema_info> types_;
    std::map<const qapi_type*, std::string> names_;
    std::map<std::string, bool> described_;
    int numbered_ = 0;
};

} // namespace

std::vector<schema_info> introspect(vocabulary words)
{
    collector all(words);
    for (const command& one : commands()) {
        if (one.spoken_in(words)) all.add(one);
    }
    for (const qapi_event& one : k_events) {
        if (one.since <= words) all.add(one);
    }
    return std::move(all).all();
}

} // namespace vigil::qmp_bridge
