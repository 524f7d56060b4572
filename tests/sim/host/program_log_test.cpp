// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/program_log.h>

#include <chrono>

#include <catch.h>

using std::chrono::microseconds;
using vigil::qmp_bridge::dropped_text;
using vigil::sim::time_text;

TEST_CASE("program log: any time of day is written in full, also before 1970")
{
    CHECK(time_text(microseconds(0)) == "1970-01-01T00:00:00.000000Z ");
    CHECK(time_text(microseconds(1'700'000'000'000'001)) == "2023-11-14T22:13:20.000001Z ");
    CHECK(time_text(microseconds(-1)) == "1969-12-31T23:59:59.999999Z ");
    CHECK(time_text(microseconds(-1'000'000)) == "1969-12-31T23:59:59.000000Z ");
    CHECK(time_text(microseconds::max()) == "294247-01-10T04:00:54.775807Z ");
    CHECK(time_text(microseconds::min()).find("-290308-12-21T19:59:05.224192Z ") == 0);
}

TEST_CASE("program log: what was dropped is counted in good English")
{
    CHECK(dropped_text("this log", 1) == "1 line of this log dropped here, for nobody read what came before");
    CHECK(dropped_text("this log", 2) == "2 lines of this log dropped here, for nobody read what came before");
}
