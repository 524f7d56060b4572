// SPDX-License-Identifier: Apache-2.0
// What a platform that wires the door wrongly is told. (What it serves, tests/examples sees.)
#include <catch.h>
#include <report_of.h>

#include <string>

#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

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
    CHECK(report_of([&] { server.add_object("wdt0", device); }).type.empty());
    CHECK(report_of([&] { server.add_object("wdt0", device); }).type == "/vigil/qmp-bridge/object");
    CHECK(report_of([&] { server.serve_qtest("null"); }).type.empty());
    CHECK(report_of([&] { server.serve_qtest("null"); }).type == "/vigil/qmp-bridge/qtest");
    CHECK(report_of([&] { qmp_server("other", controller, {"unix"}); }).type == "/vigil/qmp-bridge/address");
}
