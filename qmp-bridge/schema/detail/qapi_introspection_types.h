// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_DETAIL_QAPI_INTROSPECTION_TYPES_H
#define VIGIL_QMP_BRIDGE_SCHEMA_DETAIL_QAPI_INTROSPECTION_TYPES_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_schema.h>

/// What query-qmp-schema answers, described (QAPI: introspect.json).
namespace vigil::qmp_bridge {

/// What an entity of the schema is (QAPI `SchemaMetaType`; there are no alternates).
enum class schema_meta_type : std::uint8_t { builtin, enumeration, array, object, command, event };

/// What a built-in type is in JSON (QAPI `JSONType`).
enum class json_type : std::uint8_t { string, number, integer, boolean, null, object, array, value };

} // namespace vigil::qmp_bridge

namespace vigil::runstate {

template <> struct wire_names<qmp_bridge::schema_meta_type> {
    static constexpr std::array<std::string_view, 6> values{"builtin", "enum", "array", "object", "command", "event"};
};

template <> struct wire_names<qmp_bridge::json_type> {
    static constexpr std::array<std::string_view, 8> values{"string", "number", "int",   "boolean",
                                                            "null",   "object", "array", "value"};
};

} // namespace vigil::runstate

namespace vigil::qmp_bridge {

/// A built-in type.
struct schema_builtin {
    json_type kind;
};

/// A value of an enumeration.
struct schema_enum_member {
    std::string name;
};

/// An enumeration.
struct schema_enum {
    std::vector<schema_enum_member> members;
    std::vector<std::string> values; ///< the same again, for clients older than the members
};

/// An array.
struct schema_array {
    std::string element_type;
};

/// A member of an object type.
struct schema_object_member {
    std::string name;
    std::string type;
    std::optional<json::value> default_value; ///< null: the member is optional
};

/// A branch of an object type that is a union.
struct schema_object_variant {
    std::string when; ///< the tag's value
    std::string type;
};

/// An object type.
struct schema_object {
    std::vector<schema_object_member> members;
    std::optional<std::string> tag; ///< of a union
    std::optional<std::vector<schema_object_variant>> variants;
};

/// A command.
struct schema_command {
    std::string arg_type;
    std::string ret_type;
    std::optional<bool> allow_oob; ///< present where true
};

/// An event.
struct schema_event {
    std::string arg_type;
};

/// One row of query-qmp-schema (QAPI `SchemaInfo`).
struct schema_info {
    std::string name;
    std::variant<schema_builtin, schema_enum, schema_array, schema_object, schema_command, schema_event> what;
};

template <> struct described<schema_meta_type> : enum_description {
    static constexpr std::string_view name = "SchemaMetaType";
};
template <> struct described<json_type> : enum_description {
    static constexpr std::string_view name = "JSONType";
};
template <> struct described<schema_builtin> {
    static constexpr std::string_view name = "SchemaInfoBuiltin";
    static constexpr std::tuple members{member{"json-type", &schema_builtin::kind}};
};
template <> struct described<schema_enum_member> {
    static constexpr std::string_view name = "SchemaInfoEnumMember";
    static constexpr std::tuple members{member{"name", &schema_enum_member::name}};
};
template <> struct described<schema_enum> {
    static constexpr std::string_view name = "SchemaInfoEnum";
    static constexpr std::tuple members{member{"members", &schema_enum::members},
                                        member{"values", &schema_enum::values}};
};
template <> struct described<schema_array> {
    static constexpr std::string_view name = "SchemaInfoArray";
    static constexpr std::tuple members{member{"element-type", &schema_array::element_type}};
};
template <> struct described<schema_object_member> {
    static constexpr std::string_view name = "SchemaInfoObjectMember";
    static constexpr std::tuple members{member{"name", &schema_object_member::name},
                                        member{"type", &schema_object_member::type},
                                        member{"default", &schema_object_member::default_value}};
};
template <> struct described<schema_object_variant> {
    static constexpr std::string_view name = "SchemaInfoObjectVariant";
    static constexpr std::tuple members{member{"case", &schema_object_variant::when},
                                        member{"type", &schema_object_variant::type}};
};
template <> struct described<schema_object> {
    static constexpr std::string_view name = "SchemaInfoObject";
    static constexpr std::tuple members{member{"members", &schema_object::members}, member{"tag", &schema_object::tag},
                                        member{"variants", &schema_object::variants}};
};
template <> struct described<schema_command> {
    static constexpr std::string_view name = "SchemaInfoCommand";
    static constexpr std::tuple members{member{"arg-type", &schema_command::arg_type},
                                        member{"ret-type", &schema_command::ret_type},
                                        member{"allow-oob", &schema_command::allow_oob}};
};
template <> struct described<schema_event> {
    static constexpr std::string_view name = "SchemaInfoEvent";
    static constexpr std::tuple members{member{"arg-type", &schema_event::arg_type}};
};
template <> struct described<schema_info> {
    static constexpr std::string_view name = "SchemaInfo";
    static constexpr std::string_view tag = "meta-type";
    using tag_type = schema_meta_type;
    static constexpr std::tuple members{member{"name", &schema_info::name}};
    static constexpr auto branches = &schema_info::what;
};

} // namespace vigil::qmp_bridge

#endif
