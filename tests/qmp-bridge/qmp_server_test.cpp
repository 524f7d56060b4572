// SPDX-License-Identifier: Apache-2.0
// What a platform that wires the door wrongly is told. (What it serves, tests/examples sees.)
#include <catch.h>

#include <string>

#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

#include "reported.h"

using namespace vigil;
using qmp_bridge::qmp_server;

namespace {

struct shown_device : runstate::inspectable {
    std::string_view type_name() const override { return "shown"; }
    std::vector<runstate::property> properties() override { return {}; }
};

} // namespace

TEST_CASE("qmp server: what is wired wrongly is an error by name, and what is wired already stays")
{
    runstate::controller controller("controller");
    qmp_server server("qmp", controller);
    shown_device device;
    CHECK(reported([&] { server.add_object("wdt0", device); }).empty());
    CHECK(reported([&] { server.add_object("wdt0", device); }) == "/vigil/qmp-bridge/object");
    CHECK(reported([&] { server.serve_qtest("null"); }).empty());
    CHECK(reported([&] { server.serve_qtest("null"); }) == "/vigil/qmp-bridge/qtest");
    CHECK(reported([&] { qmp_server("other", controller, {"unix"}); }) == "/vigil/qmp-bridge/address");
}
