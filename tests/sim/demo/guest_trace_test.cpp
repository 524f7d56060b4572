// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <vigil/sim/demo/guest_trace.h>
#include <vigil/sim/machine/machine.h>

using namespace vigil;
using sim::guest_access;

namespace {

using trace = runstate::result<std::vector<guest_access>>;

trace read(const std::string& text, const std::string& scenario = {})
{
    std::istringstream in(text);
    return sim::read_guest_trace(in, "t.jsonl", scenario);
}

std::string refused(const std::string& text, const std::string& scenario = {})
{
    const trace result = read(text, scenario);
    return result ? "(accepted)" : result.why().text;
}

const std::string k_head = R"({"scenario": "one"})"
                           "\n";

} // namespace

TEST_CASE("guest trace: accesses come with times since the first of them, the monitor's own left out")
{
    const trace result = read(R"({"what": "a remark"}
{"scenario": "zero"}
{"t": 0.5, "op": "r", "space": "cfg", "off": 0, "width": 2, "value": "0x8086"}
{"scenario": "one"}
{"t": 0.1, "phase": "attach", "op": "r", "space": "cfg", "off": 0, "width": 256, "value": "00"}
{"t": 1.25, "phase": "driver", "op": "w", "space": "cfg", "off": 104, "width": 1, "value": "0x02"}
{"t": 1.3, "note": "GUEST: hello"}

{"t": 1.5, "op": "w", "space": "bar0", "off": 12, "width": 2, "value": "0x0100", "posted": true}
{"t": 1.6, "op": "reset"}
)",
                              "one");
    REQUIRE(result);
    const std::vector<guest_access>& accesses = *result;
    REQUIRE(accesses.size() == 2);
    CHECK(accesses[0].at == runstate::ns(0));
    CHECK(accesses[0].space == guest_access::where::configuration);
    CHECK(accesses[0].value == 2);
    CHECK(accesses[1].at == runstate::ns(250'000'000));
    CHECK(accesses[1].space == guest_access::where::bar0);
    CHECK(accesses[1].line == 9);
}

TEST_CASE("guest trace: what is malformed is refused with the line and what would be right")
{
    const auto access = [](const std::string& members) { return k_head + "{" + members + "}\n"; };
    const std::string rest = R"("space": "cfg", "off": 4, "width": 2, "value": "0x1")";
    CHECK(refused(k_head + "{\n").rfind("t.jsonl:2: not JSON", 0) == 0);
    CHECK(refused(k_head + "[1]\n") == "t.jsonl:2: not a JSON object");
    CHECK(refused("{\"scenario\": 1}\n") == "t.jsonl:1: 'scenario' must be a name");
    CHECK(refused(access(R"("op": "r", )" + rest)) == "t.jsonl:2: 't' must be a number of seconds");
    CHECK(refused(access(R"("t": -1, "op": "r", )" + rest)) == "t.jsonl:2: 't' must be from 0 to 1e9 seconds");
    CHECK(refused(access(R"("t": 1, "op": "x", )" + rest)) == R"(t.jsonl:2: 'op' must be "r", "w" or "reset")");
    CHECK(refused(access(R"("t": 1, "op": "r", "space": "io", "off": 0, "width": 1, "value": "0x0")")) ==
          R"(t.jsonl:2: 'space' must be "cfg" or "bar0")");
    CHECK(refused(access(R"("t": 1, "op": "r", "space": "bar0", "off": 16, "width": 1, "value": "0x0")")) ==
          "t.jsonl:2: 'off' must be an integer from 0 to 15");
    CHECK(refused(access(R"("t": 1, "op": "r", "space": "bar0", "off": 2, "width": 4, "value": "0x0")")) ==
          "t.jsonl:2: 'width' must be 1, 2 or 4, and 'off' a multiple of it");
    CHECK(refused(access(R"("t": 1, "op": "r", "space": "bar0", "off": 0, "width": 4, "value": 7)")) ==
          "t.jsonl:2: 'value' must be a string like \"0x3c00\" of at most 32 bits");
    CHECK(refused(access(R"("t": 2, "op": "r", )" + rest) + R"({"t": 1, "op": "r", )" + rest + "}\n") ==
          "t.jsonl:3: 't' is earlier than in the access before");
    CHECK(refused(access(R"("t": 2, "op": "r", )" + rest), "two") == "t.jsonl: no scenario 'two'; there are: one");
    CHECK(refused("") == "t.jsonl: no access of a guest in it");
}

TEST_CASE("guest trace: the recorded Linux driver barks 30.198988800 s after its last kick")
{
    struct bark : runstate::run_listener {
        explicit bark(runstate::controller& owner) : controller(owner) {}
        void on_event(const runstate::event& e) override
        {
            if (std::holds_alternative<runstate::watchdog_event>(e)) at = controller.clock.now();
        }
        runstate::controller& controller;
        runstate::ns at{0};
    };
    sim::machine_config config;
    config.devices.push_back({"i6300esb", {}, {}});
    sim::machine machine("machine", config);
    std::ifstream in(VIGIL_TRACE);
    auto accesses = sim::read_guest_trace(in, VIGIL_TRACE, "heartbeat-30");
    REQUIRE(accesses);
    const runstate::ns last_kick = accesses->back().at;
    sim::trace_player guest("guest", machine.controller, *accesses);
    guest.io.socket.bind(machine.io_ports());
    guest.memory.socket.bind(machine.memory());
    int kicks = 0;
    guest.accessed = [&](const guest_access& access, std::uint32_t value) {
        if (access.write && access.space == guest_access::where::bar0 && access.offset == 12 && value == 0x0100)
            ++kicks;
    };
    bark listener(machine.controller);
    machine.controller.add_listener(listener);
    sc_core::sc_start(60, sc_core::SC_SEC);
    CHECK(kicks == 5); // the probe's reload, the start's, and three kicks
    CHECK(listener.at == last_kick + runstate::ns(30'198'988'800));
}
