// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <vigil/sim/block/block_commands.h>

#include "../../qmp-bridge/fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

const std::string k_done = R"({"return": {}})";

std::string addition_of(std::string_view arguments)
{
    return R"({"execute": "blockdev-add", "arguments": {)" + std::string(arguments) + "}}";
}

std::string removal_of(std::string_view name)
{
    return R"({"execute": "blockdev-del", "arguments": {"node-name": ")" + std::string(name) + "\"}}";
}

// A client of a machine whose host has one file.
struct client_of_host {
    file_content content = std::string();
    std::string asked_for;
    std::function<void()> due;
    fake_machine machine{vocabulary::v7_2, [this](qmp_monitor::options& o) {
                             o.commands = sim::block_commands([this](const runstate::file_place& place, std::size_t,
                                                                     const std::function<void(file_content)>& done) {
                                 asked_for = place.shown();
                                 due = [this, done] { done(content); };
                                 return std::make_shared<int>(0);
                             });
                         }};
    std::unique_ptr<qmp_session> client = negotiated(machine);

    std::string tell(const std::string& request)
    {
        client->feed(request);
        execute_all(*client);
        if (due) std::exchange(due, nullptr)();
        return taken(*client);
    }
};

const std::string k_unthrottled =
    R"("encrypted": false, "detect_zeroes": "off", "bps": 0, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, )"
    R"("iops_wr": 0, )";
const std::string k_cache =
    R"("cache": {"writeback": true, "direct": false, "no-flush": false}, "write_threshold": 0})";

} // namespace

TEST_CASE("block nodes: a node that holds nothing says what QEMU's says")
{
    client_of_host host;
    CHECK(host.tell(addition_of(R"("driver": "null-co", "node-name": "n0")")) == lines({k_done}));
    CHECK(host.tell(R"({"execute": "query-named-block-nodes"})") ==
          lines({R"({"return": [{"file": "null-co://", "node-name": "n0", "ro": false, "drv": "null-co", )"
                 R"("backing_file_depth": 0, )" +
                 k_unthrottled +
                 R"("image": {"filename": "null-co://", "format": "null-co", "actual-size": 0, )"
                 R"("virtual-size": 1073741824}, )" +
                 k_cache + "]}"}));
    CHECK(host.tell(removal_of("n0")) == lines({k_done}));
    CHECK(host.tell(R"({"execute": "query-named-block-nodes"})") == lines({R"({"return": []})"}));
}

TEST_CASE("block nodes: a node that passes everything on stands on its image")
{
    client_of_host host;
    CHECK(host.tell(addition_of(
              R"("driver": "blkdebug", "node-name": "b", "config": "/c", "image": {"driver": "null-co"})")) ==
          lines({k_done}));
    CHECK(host.asked_for == "/c");
    const std::string image = R"("image": {"filename": "blkdebug:/c:null-co://", "format": "blkdebug", )"
                              R"("virtual-size": 1073741824)";
    const std::string deep = host.tell(R"({"execute": "query-named-block-nodes", "arguments": {"flat": false}})");
    CHECK(deep.find(R"("node-name": "b", "ro": false, "drv": "blkdebug", "backing_file_depth": 1,)") !=
          std::string::npos);
    CHECK(deep.find(image + R"(, "backing-image": {"filename": "null-co://", "format": "null-co", "actual-size": 0, )"
                            R"("virtual-size": 1073741824}})") != std::string::npos);
    const std::string flat = host.tell(R"({"execute": "query-named-block-nodes", "arguments": {"flat": true}})");
    CHECK(flat.find(image + "}") != std::string::npos);
    CHECK(flat.find("backing-image") == std::string::npos);
    CHECK(flat.find(R"("node-name": "#block0")") < flat.find(R"("node-name": "b")")); // the newest first
    CHECK(host.tell(removal_of("b")) == lines({k_done}));
    CHECK(host.tell(R"({"execute": "query-named-block-nodes"})") == lines({R"({"return": []})"}));
}

TEST_CASE("block nodes: what cannot be added is refused in QEMU's words, and changes nothing")
{
    struct refusal {
        std::string arguments;
        std::string desc;
    };
    const std::vector<refusal> rows{
        {"", "Parameter 'driver' is missing"},
        {R"("driver": "qcow2")", "Parameter 'driver' does not accept value 'qcow2'"},
        {R"("driver": "null-co")", "'node-name' must be specified for the root node"},
        {R"("driver": "null-co", "node-name": "0")", "Invalid node-name: '0'"},
        {R"("driver": "null-co", "node-name": "")", "Invalid node-name: ''"},
        {R"("driver": "null-co", "node-name": "a b")", "Invalid node-name: 'a b'"},
        {R"("driver": "null-co", "node-name": "old")", "Duplicate nodes with node-name='old'"},
        {R"("driver": "null-co", "node-name": ")" + std::string(32, 'a') + "\"", "Node name too long"},
        {R"("driver": "null-co", "node-name": "n", "config": "/c")", "Parameter 'config' is unexpected"},
        {R"("driver": "blkdebug", "node-name": "n")", "Parameter 'image' is missing"},
        {R"("driver": "blkdebug", "node-name": "n", "image": {})", "Parameter 'image.driver' is missing"},
        {R"("driver": "blkdebug", "node-name": "n", "image": {"driver": "null-co", "foo": 1})",
         "Parameter 'image.foo' is unexpected"},
        {R"("driver": "blkdebug", "node-name": "n", "image": {"driver": "null-co"}, "foo": 1)",
         "Parameter 'foo' is unexpected"},
    };
    client_of_host host;
    host.tell(addition_of(R"("driver": "null-co", "node-name": "old")"));
    const std::string before = host.tell(R"({"execute": "query-named-block-nodes"})");
    for (const refusal& row : rows) {
        INFO(row.arguments);
        CHECK(host.tell(addition_of(row.arguments)) == lines({generic(row.desc)}));
    }
    CHECK(host.tell(R"({"execute": "query-named-block-nodes"})") == before);
    CHECK(host.tell(addition_of(R"("driver": "null-co", "node-name": ")" + std::string(31, 'a') + "\"")) ==
          lines({k_done}));
}

TEST_CASE("block nodes: a configuration may hold comments, and nothing else")
{
    struct configuration {
        file_content content;
        std::string answer;
    };
    const std::string rules =
        generic("The blkdebug config file must be empty: rules are not supported, as nothing is ever read or written");
    const std::vector<configuration> rows{
        {std::string(), k_done},
        {std::string("# a remark\n\n# another"), k_done},
        {std::string("\n"), k_done},
        {std::string("[inject-error]\nevent = \"read_aio\"\n"), rules},
        {std::string("# a remark\n[set-state]\n"), rules},
        {std::string(" \n"), rules},
        {std::make_error_code(std::errc::no_such_file_or_directory),
         generic("Could not read blkdebug config file: No such file or directory")},
        {std::make_error_code(std::errc::file_too_large),
         generic("Could not read blkdebug config file: File too large")},
    };
    const std::string request =
        addition_of(R"("driver": "blkdebug", "node-name": "b", "config": "/c", "image": {"driver": "null-co"})");
    for (const configuration& row : rows) {
        client_of_host host;
        host.content = row.content;
        CHECK(host.tell(request) == lines({row.answer}));
    }
}

TEST_CASE("block nodes: a name taken while the configuration was read is taken")
{
    client_of_host host;
    host.client->feed(
        addition_of(R"("driver": "blkdebug", "node-name": "b", "config": "/c", "image": {"driver": "null-co"})"));
    execute_all(*host.client);
    const auto other = negotiated(host.machine);
    CHECK(ask(*other, addition_of(R"("driver": "null-co", "node-name": "b")")) == lines({k_done}));
    host.due();
    CHECK(taken(*host.client) == lines({generic("Duplicate nodes with node-name='b'")}));
}

TEST_CASE("block nodes: only what a client added can be removed")
{
    client_of_host host;
    host.tell(addition_of(R"("driver": "blkdebug", "node-name": "b", "image": {"driver": "null-co"})"));
    CHECK(host.tell(removal_of("nope")) == lines({generic("Failed to find node with node-name='nope'")}));
    CHECK(host.tell(removal_of("#block0")) == lines({generic("Node #block0 is not owned by the monitor")}));
    CHECK(host.tell(R"({"execute": "blockdev-del"})") == lines({generic("Parameter 'node-name' is missing")}));
    CHECK(host.tell(removal_of("b")) == lines({k_done}));
    CHECK(host.tell(removal_of("#block0")) == lines({generic("Failed to find node with node-name='#block0'")}));
}

TEST_CASE("block nodes: there is an end to how many a client can add")
{
    client_of_host host;
    std::string answer = lines({k_done});
    int added = 0;
    for (; answer == lines({k_done}) && added < 10'000; ++added) {
        answer = host.tell(addition_of(R"("driver": "null-co", "node-name": "n)" + std::to_string(added) + "\""));
    }
    CHECK(answer == lines({generic("There are too many block nodes")}));
    CHECK(host.tell(removal_of("n0")) == lines({k_done}));
    CHECK(host.tell(addition_of(R"("driver": "null-co", "node-name": "n0")")) == lines({k_done}));
}

TEST_CASE("block nodes: no guest has a device on them")
{
    client_of_host host;
    host.tell(addition_of(R"("driver": "null-co", "node-name": "n")"));
    CHECK(host.tell(R"({"execute": "query-block"})") == lines({R"({"return": []})"}));
}

TEST_CASE("block nodes: the commands may be given before the machine is initialised, and are introspected")
{
    for (const own_command& one : sim::block_commands({})) CHECK(one.traits == command_trait::allow_preconfig);
    client_of_host host;
    const std::string schema = host.tell(R"({"execute": "query-qmp-schema"})");
    for (const char* name : {"blockdev-add", "blockdev-del", "query-named-block-nodes", "query-block"}) {
        CHECK(schema.find(R"({"meta-type": "command", "name": ")" + std::string(name) + "\"") != std::string::npos);
    }
}
