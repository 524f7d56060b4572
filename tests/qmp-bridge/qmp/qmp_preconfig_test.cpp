// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <set>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

// A machine that is yet to be initialised; it starts then, unless it is to start stopped.
struct waiting_machine {
    explicit waiting_machine(bool start_stopped = false)
        : machine(vocabulary::v7_2, [this, start_stopped](qmp_monitor::options& o) {
              o.preconfig = true;
              o.exit_preconfig = [this, start_stopped] {
                  ++exits;
                  if (!start_stopped) machine.control.cont();
              };
          })
    {
    }

    int exits = 0;
    fake_machine machine;
};

const std::string k_exit = R"({"execute": "x-exit-preconfig"})";
const std::string k_status = R"({"execute": "query-status"})";
const std::string k_prelaunch = R"({"return": {"status": "prelaunch", "singlestep": false, "running": false}})";

} // namespace

TEST_CASE("preconfig: the commands that QEMU allows before the machine is initialised, and no others")
{
    const std::set<std::string_view> allowed{"object-add",
                                             "object-del",
                                             "qmp_capabilities",
                                             "qom-get",
                                             "qom-list",
                                             "qom-list-get",
                                             "qom-list-properties",
                                             "qom-list-types",
                                             "qom-set",
                                             "query-chardev",
                                             "query-commands",
                                             "query-hotpluggable-cpus",
                                             "query-iothreads",
                                             "query-name",
                                             "query-qmp-schema",
                                             "query-status",
                                             "query-uuid",
                                             "query-version",
                                             "quit",
                                             "set-action",
                                             "x-exit-preconfig",
                                             "x-query-qmp-clients"};
    waiting_machine waiting;
    const auto client = negotiated(waiting.machine);
    for (const command& one : commands()) {
        CAPTURE(one.name);
        const std::string name(one.name);
        CHECK(one.has(command_trait::allow_preconfig) == (allowed.count(one.name) == 1));
        if (allowed.count(one.name) == 1 || !one.spoken_in(vocabulary::v7_2)) continue;
        CHECK(ask(*client, R"({"execute": ")" + name + R"(", "arguments": {"no-such": 1}})") ==
              lines({generic("The command '" + name +
                             "' is permitted only after machine initialization has completed")}));
    }
    CHECK(ask(*client, k_status) == lines({k_prelaunch}));
}

TEST_CASE("preconfig: out of band the same rule holds, after that of out-of-band execution")
{
    waiting_machine waiting;
    const auto client = negotiated_oob(waiting.machine);
    client->feed(R"({"exec-oob": "query-yank"})");
    CHECK(taken(*client) == lines({generic("The command 'query-yank' is permitted only after machine initialization "
                                           "has completed")}));
    client->feed(R"({"exec-oob": "stop"})");
    CHECK(taken(*client) == lines({generic("The command stop does not support OOB")}));
}

TEST_CASE("preconfig: x-exit-preconfig starts the machine before it is answered, once")
{
    waiting_machine waiting;
    const auto client = negotiated(waiting.machine);
    CHECK(ask(*client, R"({"execute": "x-exit-preconfig", "arguments": {"a": 1}})") ==
          lines({generic("Parameter 'a' is unexpected")}));
    CHECK(waiting.exits == 0);
    CHECK(ask(*client, k_exit) == lines({R"({T "event": "RESUME"})", R"({"return": {}})"}));
    CHECK(waiting.exits == 1);
    CHECK(ask(*client, k_status) ==
          lines({R"({"return": {"status": "running", "singlestep": false, "running": true}})"}));
    CHECK(ask(*client, k_exit) == lines({generic("The command is permitted only before machine initialization")}));
    CHECK(waiting.exits == 1);
    CHECK(ask(*client, R"({"execute": "query-cpus-fast"})") == lines({R"({"return": []})"}));
}

TEST_CASE("preconfig: a machine that is to start stopped stays in prelaunch")
{
    waiting_machine waiting(true);
    const auto client = negotiated(waiting.machine);
    CHECK(ask(*client, k_exit) == lines({R"({"return": {}})"}));
    CHECK(ask(*client, k_status) == lines({k_prelaunch}));
    CHECK(ask(*client, R"({"execute": "cont"})") == lines({R"({T "event": "RESUME"})", R"({"return": {}})"}));
}

TEST_CASE("preconfig: a machine without that phase refuses to leave it")
{
    fake_machine machine;
    CHECK(ask(*negotiated(machine), k_exit) ==
          lines({generic("The command is permitted only before machine initialization")}));
}
