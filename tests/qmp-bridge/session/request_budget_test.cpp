// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/session/request_budget.h>

#include <memory>
#include <string>

#include <catch.h>

#include "../fake_machine.h"

using vigil::qmp_bridge::execute_all;
using vigil::qmp_bridge::fake_machine;
using vigil::qmp_bridge::request_budget;
using vigil::qmp_bridge::request_share;
using vigil::qmp_bridge::taken;

namespace {

constexpr std::size_t k_free = request_share::k_free;

} // namespace

TEST_CASE("request budget: shares beyond what is free to each add up, and go back at their ends")
{
    request_budget budget(1000);
    request_share first;
    first.draw_on(budget);
    CHECK(first.hold(k_free + 400));
    {
        request_share second;
        second.draw_on(budget);
        CHECK(second.hold(k_free + 600));
        CHECK(budget.used() == 1000);
        CHECK_FALSE(second.hold(k_free + 601));
        CHECK_FALSE(first.hold(k_free + 401));
        CHECK(first.hold(k_free + 400)); // what shrinks is never too much
    }
    CHECK(budget.used() == 400);
    CHECK(first.hold(k_free + 1000));
    CHECK(first.hold(0));
    CHECK(budget.used() == 0);
}

TEST_CASE("request budget: short requests fit whatever others hold, and without a budget all do")
{
    request_budget budget(10);
    request_share greedy;
    greedy.draw_on(budget);
    CHECK(greedy.hold(k_free + 10));
    request_share modest;
    modest.draw_on(budget);
    CHECK(modest.hold(k_free));
    CHECK_FALSE(modest.hold(k_free + 1));
    request_share free;
    CHECK(free.hold(1'000'000'000));
}

TEST_CASE("request budget: a QMP client whose requests are too much is told so and let go, others are served")
{
    request_budget budget(100'000);
    fake_machine machine;
    const auto greedy = machine.monitor().new_session();
    const auto modest = machine.monitor().new_session();
    for (auto* one : {greedy.get(), modest.get()}) {
        one->unfinished.draw_on(budget);
        one->opened();
        one->feed("{\"execute\": \"qmp_capabilities\"}");
        execute_all(*one);
        taken(*one);
    }
    greedy->feed("{\"execute\": \"" + std::string(k_free + 90'000, 'x'));
    CHECK_FALSE(greedy->over());
    CHECK(budget.used() >= 90'000);
    greedy->feed(std::string(20'000, 'x'));
    CHECK(greedy->over());
    CHECK(taken(*greedy) ==
          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"The requests of all clients together "
          "have become too long\"}}\r\n");
    CHECK(budget.used() == 0);
    greedy->feed("\"}{\"execute\": \"query-status\"}");
    CHECK_FALSE(greedy->pending());
    modest->feed("{\"execute\": \"query-status\"}");
    execute_all(*modest);
    CHECK(taken(*modest).find("running") != std::string::npos);
}

TEST_CASE("request budget: values count by their parts, not by their bytes alone, until they are executed")
{
    request_budget budget;
    fake_machine machine;
    const auto client = machine.monitor().new_session();
    client->unfinished.draw_on(budget);
    std::string list = "[";
    for (int i = 0; i < 100'000; ++i) list += "[],";
    client->feed(list);
    CHECK(budget.used() > 10 * list.size());
    client->feed("1]");
    CHECK(client->pending());
    CHECK(budget.used() > 10 * list.size());
    execute_all(*client);
    CHECK(budget.used() == 0);
}
