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
    name_resolver::result first;
    name_resolver::result second;
    names.look_up("127.0.0.1", "80", [&](name_resolver::result found) { first = std::move(found); });
    names.look_up("127.0.0.1", "no service", [&](name_resolver::result found) { second = std::move(found); });
    io.run_one();
    io.run_one();
    REQUIRE(std::holds_alternative<name_resolver::endpoints>(first));
    const auto& addresses = std::get<name_resolver::endpoints>(first);
    REQUIRE(addresses.size() == 1);
    CHECK(addresses[0].data()->sa_family == AF_INET);
    REQUIRE(std::holds_alternative<std::string>(second));
    CHECK_FALSE(std::get<std::string>(second).empty());
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
