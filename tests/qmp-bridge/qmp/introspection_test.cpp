// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>
#include <vigil/qmp-bridge/qmp/detail/introspection.h>
#include <vigil/qmp-bridge/schema/qapi_types.h>

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

using schema_map = std::map<std::string, schema_info>;

schema_map by_name(vocabulary words)
{
    schema_map all;
    for (schema_info& one : introspect(words)) {
        CAPTURE(one.name);
        CHECK(all.emplace(one.name, one).second);
    }
    return all;
}

// The types that an entity refers to.
std::vector<std::string> references(const schema_info& one)
{
    std::vector<std::string> names;
    if (const auto* array = std::get_if<schema_array>(&one.what)) names.push_back(array->element_type);
    if (const auto* event = std::get_if<schema_event>(&one.what)) names.push_back(event->arg_type);
    if (const auto* command = std::get_if<schema_command>(&one.what)) {
        names.push_back(command->arg_type);
        names.push_back(command->ret_type);
    }
    if (const auto* object = std::get_if<schema_object>(&one.what)) {
        for (const schema_object_member& member : object->members) names.push_back(member.type);
        if (!object->variants) return names;
        for (const schema_object_variant& variant : *object->variants) names.push_back(variant.type);
    }
    return names;
}

template <class What> const What& described_as(const schema_map& all, std::string_view name)
{
    const auto found = all.find(std::string(name));
    REQUIRE(found != all.end());
    REQUIRE(std::holds_alternative<What>(found->second.what));
    return std::get<What>(found->second.what);
}

const schema_object_member& member_of(const schema_object& object, std::string_view name)
{
    for (const schema_object_member& one : object.members) {
        if (one.name == name) return one;
    }
    FAIL("no member " << name);
    return object.members.front();
}

bool reaches(const schema_map& all, const std::string& from, std::set<std::string>& seen)
{
    if (all.count(from) == 0) return false;
    if (!seen.insert(from).second) return true;
    for (const std::string& name : references(all.at(from))) {
        INFO(from << " refers to " << name);
        if (!reaches(all, name, seen)) return false;
    }
    return true;
}

} // namespace

TEST_CASE("introspection: every command and event of the vocabulary is there, and every type that they lead to, alone")
{
    for (const vocabulary words : {vocabulary::v2_10, vocabulary::v7_2}) {
        const schema_map all = by_name(words);
        std::set<std::string> seen;
        for (const command& one : commands()) {
            CAPTURE(one.name);
            CHECK((all.count(std::string(one.name)) == 1) == one.spoken_in(words));
            if (one.spoken_in(words)) CHECK(reaches(all, std::string(one.name), seen));
        }
        for (const qapi_event& one : k_events) {
            CAPTURE(one.name);
            CHECK((all.count(std::string(one.name)) == 1) == (one.since <= words));
            if (one.since <= words) CHECK(reaches(all, std::string(one.name), seen));
        }
        for (const auto& [name, info] : all) {
            CAPTURE(name);
            CHECK(seen.count(name) == 1); // nothing that nobody leads to
            const auto* array = std::get_if<schema_array>(&info.what);
            if (array != nullptr) CHECK(name == "[" + array->element_type + "]");
        }
    }
}

TEST_CASE("introspection: what has no arguments, no data or no result is one empty object")
{
    const schema_map all = by_name(vocabulary::v7_2);
    const auto& stop = described_as<schema_command>(all, "stop");
    CHECK(stop.arg_type == stop.ret_type);
    CHECK(described_as<schema_event>(all, "STOP").arg_type == stop.arg_type);
    CHECK(described_as<schema_object>(all, stop.arg_type).members.empty());
    CHECK_FALSE(stop.allow_oob.has_value());
}

TEST_CASE("introspection: an enumeration says its values twice, as members and as they were said before")
{
    const schema_map all = by_name(vocabulary::v7_2);
    const auto& arguments =
        described_as<schema_object>(all, described_as<schema_command>(all, "watchdog-set-action").arg_type);
    const auto& actions = described_as<schema_enum>(all, member_of(arguments, "action").type);
    CHECK(actions.values ==
          std::vector<std::string>{"reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"});
    REQUIRE(actions.members.size() == actions.values.size());
    for (std::size_t i = 0; i < actions.values.size(); ++i) CHECK(actions.members[i].name == actions.values[i]);
}

TEST_CASE("introspection: an optional member has null as its default, a mandatory one has none")
{
    const schema_map all = by_name(vocabulary::v7_2);
    const auto& data = described_as<schema_object>(all, described_as<schema_event>(all, "GUEST_PANICKED").arg_type);
    REQUIRE(member_of(data, "info").default_value.has_value());
    CHECK(member_of(data, "info").default_value->is_null());
    CHECK_FALSE(member_of(data, "action").default_value.has_value());
}

TEST_CASE("introspection: what is known of a panic is a union, told apart by its type")
{
    const schema_map all = by_name(vocabulary::v7_2);
    const auto& data = described_as<schema_object>(all, described_as<schema_event>(all, "GUEST_PANICKED").arg_type);
    const auto& info = described_as<schema_object>(all, member_of(data, "info").type);
    CHECK(info.tag == "type");
    REQUIRE(info.members.size() == 1);
    CHECK(described_as<schema_enum>(all, member_of(info, "type").type).values == std::vector<std::string>{"hyper-v"});
    REQUIRE(info.variants.has_value());
    REQUIRE(info.variants->size() == 1);
    CHECK(info.variants->front().when == "hyper-v");
    const auto& parameters = described_as<schema_object>(all, info.variants->front().type);
    REQUIRE(parameters.members.size() == 5);
    for (const schema_object_member& one : parameters.members) CHECK(one.type == "int");
    CHECK(parameters.members.front().name == "arg1");
}

TEST_CASE("introspection: the 2.10 vocabulary has none of the later words")
{
    const schema_map all = by_name(vocabulary::v2_10);
    CHECK(all.count("GUEST_CRASHLOADED") == 0);
    CHECK(described_as<schema_object>(all, described_as<schema_event>(all, "RESET").arg_type).members.size() == 1);
    const schema_map later = by_name(vocabulary::v7_2);
    CHECK(described_as<schema_object>(later, described_as<schema_event>(later, "RESET").arg_type).members.size() == 2);
}
