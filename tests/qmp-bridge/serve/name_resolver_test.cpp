// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/name_resolver.h>

#include <memory>
#include <string>

#include <boost/asio/executor_work_guard.hpp>
#include <catch.h>

using vigil::qmp_bridge::name_resolver;

TEST_CASE("name resolver: an address is found in the background, and answered in the event loop")
{
    boost::asio::io_context io{1};
    const auto work = boost::asio::make_work_guard(io);
    name_resolver names(io.get_executor());
    names.prepare();
    name_resolver::result first = name_resolver::endpoints();
    name_resolver::result second = name_resolver::endpoints();
    names.look_up("127.0.0.1", "80", [&](name_resolver::result found) { first = std::move(found); });
    names.look_up("127.0.0.1", "no service", [&](name_resolver::result found) { second = std::move(found); });
    io.run_one();
    io.run_one();
    REQUIRE(first);
    REQUIRE(first->size() == 1);
    CHECK(first->front().data()->sa_family == AF_INET);
    REQUIRE_FALSE(second);
    CHECK_FALSE(second.why().text.empty());
}

TEST_CASE("name resolver: nobody is answered once it has gone")
{
    boost::asio::io_context io{1};
    int answers = 0;
    {
        name_resolver names(io.get_executor());
        for (int i = 0; i < 100; ++i) names.look_up("127.0.0.1", "80", [&](const auto&) { ++answers; });
    }
    const int before = answers;
    io.poll(); // what had come before that comes still, and touches nothing of the resolver's
    CHECK(before == 0);
    CHECK(answers <= 100);
}
