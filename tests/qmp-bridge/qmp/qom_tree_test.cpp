// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/qmp/qom_tree.h>

using namespace vigil;
using namespace vigil::qmp_bridge;
using runstate::property_value;

namespace {

// A model with two properties, one of which its object has as well, and one that clients may set to small numbers.
struct model final : runstate::inspectable {
    std::string_view type_name() const override { return "dev"; }
    std::vector<runstate::property> properties() override
    {
        const auto set = [this](const property_value& value) -> std::optional<runstate::refusal> {
            const auto asked = std::get<std::int64_t>(value);
            if (asked > 9) return runstate::refusal{"too large"};
            level = asked;
            return std::nullopt;
        };
        return {{"events", "uint8", "", [] { return std::uint64_t{99}; }, {}},
                {"level", "int", "", [this] { return level; }, set},
                {"broken", "int", "", [] { return runstate::refusal{"no value now"}; }, {}}};
    }
    std::int64_t level = 1;
};

// A bus below /machine with one device that has an id and one that has none.
struct small_machine {
    small_machine() : tree("test-machine"), bus(tree.machine().add("host", "host").add("bus.0", "bus"))
    {
        named.add_link("parent_bus", "link<bus>", &bus);
        named.add_link("none", "link<bus>", nullptr);
        named.facts.push_back({{"events", "uint8", "", [] { return std::uint64_t{3}; }, {}}, {}, "too late"});
        named.add("part[0]", "memory-region");
        named.state = &its_model;
        bus.add_link("child[0]", "link<dev>", &named);
        tree.peripheral_anon().add("device[0]", "dev");
        tree.unattached().add("device[0]", "cpu");
        tree.peripheral().add("a/b", "dev");
    }

    std::string get(std::string_view path, std::string_view property = "type") const
    {
        const auto got = tree.get(path, property);
        if (!got) return got.why().text;
        if (const auto* text = std::get_if<std::string>(&*got)) return *text;
        const auto* number = std::get_if<std::uint64_t>(&*got);
        return number != nullptr ? std::to_string(*number) : "?";
    }

    // The names and types of what is listed, or the error.
    std::string list(std::string_view path) const
    {
        const auto listed = tree.list(path);
        if (!listed) return listed.why().text;
        std::string text;
        for (const object_property_info& one : *listed) {
            text += (text.empty() ? "" : " ") + one.name + ":" + one.type;
        }
        return text;
    }

    std::string set(std::string_view path, std::string_view property, const json::value& value) const
    {
        const auto error = tree.set(path, property, value);
        return error ? error->text : "done";
    }

    model its_model;
    qom_tree tree;
    qom_tree::node& bus;
    qom_tree::node& named = tree.peripheral().add("wd", "dev");
};

} // namespace

TEST_CASE("qom tree: the containers are there, with a type, before anything is in them")
{
    const qom_tree tree("test-machine");
    const auto type = [&](std::string_view path) { return std::get<std::string>(*tree.get(path, "type")); };
    for (const std::string_view path :
         {"/", "/objects", "/chardevs", "/machine/unattached", "/machine/peripheral", "/machine/peripheral-anon"}) {
        CAPTURE(path);
        CHECK(type(path) == "container");
        CHECK(tree.list(path)->front().name == "type");
    }
    CHECK(type("/machine") == "test-machine");
}

TEST_CASE("qom tree: an absolute path goes from the root, and empty steps of it do not count")
{
    const small_machine m;
    for (const std::string_view path :
         {"/machine/peripheral/wd", "//machine/peripheral/wd", "/machine//peripheral/wd", "/machine/peripheral/wd/"}) {
        CAPTURE(path);
        CHECK(m.get(path) == "dev");
    }
    CHECK(m.get("//") == "container");
    CHECK(m.get("/wd") == "Device '/wd' not found");
    CHECK(m.get("/machine/peripheral/nope") == "Device '/machine/peripheral/nope' not found");
}

TEST_CASE("qom tree: a relative path is the end of one")
{
    const small_machine m;
    for (const std::string_view path : {"wd", "peripheral/wd", "machine/peripheral/wd", "wd/"}) {
        CAPTURE(path);
        CHECK(m.get(path) == "dev");
    }
    CHECK(m.get("machine") == "test-machine");
    CHECK(m.get("bus.0") == "bus");
    CHECK(m.get("part[0]") == "memory-region");
    CHECK(m.get("nope") == "Device 'nope' not found");
}

TEST_CASE("qom tree: a path that several objects have is none to get or set, and is ambiguous to list")
{
    const small_machine m;
    CHECK(m.get("device[0]") == "Device 'device[0]' not found");
    CHECK(m.set("device[0]", "type", "x") == "Device 'device[0]' not found");
    CHECK(m.list("device[0]") == "Path 'device[0]' is ambiguous");
    CHECK(m.get("") == "Device '' not found");
    CHECK(m.list("") == "Path '' is ambiguous");
    CHECK(m.get("unattached/device[0]") == "cpu");
}

TEST_CASE("qom tree: a name with a slash makes no container, and no path leads to it")
{
    const small_machine m;
    CHECK(m.list("/machine/peripheral") == "type:string wd:child<dev> a/b:child<dev>");
    CHECK(m.get("/machine/peripheral", "a/b") == "/machine/peripheral/a/b");
    for (const std::string_view path :
         {"/machine/peripheral/a/b", "/machine/peripheral/a", "a/b", "b", "peripheral/a/b"}) {
        CAPTURE(path);
        CHECK(m.get(path) == "Device '" + std::string(path) + "' not found");
    }
}

TEST_CASE("qom tree: objects below and links have the path as their value, and a path goes through both")
{
    const small_machine m;
    CHECK(m.get("/", "machine") == "/machine");
    CHECK(m.get("/machine/peripheral", "wd") == "/machine/peripheral/wd");
    CHECK(m.get("wd", "parent_bus") == "/machine/host/bus.0");
    CHECK(m.get("wd", "none").empty());
    CHECK(m.get("/machine/peripheral/wd/parent_bus") == "bus");
    CHECK(m.get("wd/parent_bus/child[0]/part[0]") == "memory-region");
    CHECK(m.get("wd/none") == "Device 'wd/none' not found");
}

TEST_CASE("qom tree: everything that is listed can be got: type, facts, objects below, what the model adds")
{
    const small_machine m;
    CHECK(m.list("wd") == "type:string parent_bus:link<bus> none:link<bus> events:uint8 part[0]:child<memory-region> "
                          "level:int broken:int");
    CHECK(m.get("wd", "events") == "3");
    CHECK(m.get("wd", "broken") == "no value now");
    CHECK(m.get("wd", "nope") == "Property 'dev.nope' not found");
    for (const qom_tree::node* one : m.tree.nodes()) {
        if (one->name() == "a/b") continue;
        CAPTURE(one->path());
        const auto listed = m.tree.list(one->path());
        for (const object_property_info& property : *listed) {
            CAPTURE(property.name);
            const bool has_value = bool(m.tree.get(one->path(), property.name));
            CHECK(has_value == (property.name != "broken"));
        }
    }
}

TEST_CASE("qom tree: what cannot be set is refused before the value is looked at")
{
    const small_machine m;
    CHECK(m.set("wd", "type", "x") == "Property 'dev.type' is not writable");
    CHECK(m.set("wd", "parent_bus", "/machine") == "Property 'dev.parent_bus' is not writable");
    CHECK(m.set("wd", "part[0]", "x") == "Property 'dev.part[0]' is not writable");
    CHECK(m.set("/machine/peripheral", "wd", "x") == "Property 'container.wd' is not writable");
    CHECK(m.set("wd", "events", "no number") == "too late");
    CHECK(m.set("wd", "nope", 1) == "Property 'dev.nope' not found");
}

TEST_CASE("qom tree: what can be set takes a value of its kind, unless the model refuses it")
{
    const small_machine m;
    CHECK(m.set("wd", "level", "x") == "Invalid parameter type for 'level', expected: integer");
    CHECK(m.set("wd", "level", 10) == "too large");
    CHECK(m.its_model.level == 1);
    CHECK(m.set("wd", "level", 5) == "done");
    CHECK(m.its_model.level == 5);
}

TEST_CASE("qom tree: what is added when asked comes once, with the first that asks for objects")
{
    qom_tree tree;
    int asked = 0;
    tree.add_when_asked([&] {
        ++asked;
        tree.unattached().add("late", "dev");
    });
    tree.chardevs().add("monitor0", "chardev");
    CHECK(asked == 0);
    SECTION("a path") { CHECK(tree.find("/machine/unattached/late")); }
    SECTION("a list") { CHECK(tree.list("/machine/unattached")->size() == 2); } // its type, too
    SECTION("a place") { CHECK(tree.unattached().child("late") != nullptr); }
    SECTION("a word") { tree.complete(); }
    CHECK(asked == 1);
    CHECK(tree.find("late"));
    CHECK(asked == 1);
}

TEST_CASE("qom tree: what could not be added whole is added anew")
{
    qom_tree tree;
    tree.chardevs().add("monitor0", "chardev");
    bool fails = true;
    tree.add_when_asked([&] {
        tree.objects().add("backend", "memory");
        tree.unattached().add("first", "dev");
        tree.machine().add_link("link", "link<memory>", tree.objects().child("backend"));
        tree.machine().add("host", "dev").add("bus", "bus");
        tree.root().add("further", "container");
        if (fails) throw std::bad_alloc();
        tree.peripheral().add("wd", "dev");
    });
    const auto paths = [&tree] {
        std::string all;
        for (const qom_tree::node* one : tree.nodes()) all += one->path() + ' ';
        return all;
    };
    CHECK_THROWS_AS(paths(), std::bad_alloc);
    CHECK_THROWS_AS(tree.find("/machine"), std::bad_alloc);
    fails = false;
    CHECK(paths() == "/ /objects /objects/backend /machine /machine/unattached /machine/unattached/first "
                     "/machine/peripheral-anon /machine/peripheral /machine/peripheral/wd /machine/host "
                     "/machine/host/bus /chardevs /chardevs/monitor0 /further ");
    CHECK(std::get<std::string>(*tree.get("/machine", "link")) == "/objects/backend");
}
