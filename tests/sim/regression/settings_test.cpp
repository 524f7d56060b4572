// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch.h>

#include <vigil/sim/regression/run_settings.h>
#include <vigil/sim/regression/scenario_plan.h>
#include <vigil/sim/scenario/duration.h>

using namespace vigil::sim;
using vigil::runstate::ns;

TEST_CASE("durations: a number and a unit, exact to the nanosecond")
{
    const std::vector<std::pair<std::string, std::int64_t>> rows{
        {"0s", 0},
        {"7ns", 7},
        {"1us", 1'000},
        {"1.5ms", 1'500'000},
        {"30s", 30'000'000'000},
        {"2min", 120'000'000'000},
        {"1h", 3'600'000'000'000},
        {"0.000000001s", 1},
        {"0.1000000000000s", 100'000'000},
        {"9223372036854775807ns", 9'223'372'036'854'775'807},
        {"9223372036.854775807s", 9'223'372'036'854'775'807},
    };
    for (const auto& [text, nanoseconds] : rows) {
        INFO(text);
        const auto time = parse_duration(text);
        REQUIRE(time);
        CHECK(time->count() == nanoseconds);
    }
}

TEST_CASE("durations: what is none is refused with what would be right")
{
    const std::vector<std::pair<std::string, std::string>> rows{
        {"", "is no length of time"},
        {"30", "write a number and h, min, s, ms, us or ns, as in 30s"},
        {"s", "is no length of time"},
        {"-1s", "is no length of time"},
        {".5s", "is no length of time"},
        {"5.s", "is no length of time"},
        {"1 s", "is no length of time"},
        {"1S", "is no length of time"},
        {"1.2.3s", "has two decimal points"},
        {"0.5ns", "is finer than a nanosecond"},
        {"0.0000000001s", "is finer than a nanosecond"},
        {"0.00000000000000001s", "is finer than a nanosecond"},
        {"9223372036854775808ns", "is longer than 292 years"},
        {"9223372036.9s", "is longer than 292 years"},
        {"99999999999999999999999h", "is longer than 292 years"},
    };
    for (const auto& [text, says] : rows) {
        INFO(text);
        const auto time = parse_duration(text);
        REQUIRE_FALSE(time);
        CHECK(time.why().text.find(says) != std::string::npos);
    }
}

TEST_CASE("durations: what is written is read as the same")
{
    for (const std::int64_t nanoseconds :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{999}, std::int64_t{1'500'000}, std::int64_t{983'040'000},
          std::int64_t{3'600'000'000'000}, std::int64_t{9'223'372'036'854'775'807}}) {
        const auto time = parse_duration(duration_text(ns(nanoseconds)));
        REQUIRE(time);
        CHECK(time->count() == nanoseconds);
    }
}

TEST_CASE("shards: every scenario is in one of them, and a new one moves no other")
{
    for (const unsigned shards : {1U, 2U, 3U, 7U, 64U}) {
        std::set<unsigned> used;
        for (int i = 0; i < 2000; ++i) {
            const std::string name = "file/scenario " + std::to_string(i);
            const unsigned shard = shard_of(name, shards);
            CHECK(shard >= 1);
            CHECK(shard <= shards);
            CHECK(shard_of(name, shards) == shard);
            used.insert(shard);
        }
        CHECK(used.size() == shards);
    }
    // Machines of a farm with several builds must agree.
    CHECK(shard_of("first/a kick keeps it quiet", 64) == 39);
}

TEST_CASE("filters: a star takes a slash, too")
{
    CHECK(matches("kick/late", "kick*"));
    CHECK(matches("kick/late", "*late"));
    CHECK(matches("kick/late", "k?ck/[kl]ate"));
    CHECK_FALSE(matches("kick/late", "late"));
    CHECK_FALSE(matches("kick/late", ""));
}

TEST_CASE("vigil-run's command line: what it says is what is run")
{
    const auto settings = parse_run_settings({"--jobs", "3", "--filter=a*", "--filter", "b", "--seed", "0x10",
                                              "--repeat", "2", "--timeout", "1.5s", "--memory=64", "--isolate",
                                              "--fail-fast", "--shard", "2/5", "--", "--odd-name"});
    REQUIRE(settings);
    CHECK(settings->jobs == 3);
    CHECK(settings->filters == std::vector<std::string>{"a*", "b"});
    CHECK(settings->seed == 16);
    CHECK(settings->repeat == 2);
    CHECK(settings->timeout == std::chrono::milliseconds(1500));
    CHECK(settings->memory_bytes == 64U * 1024 * 1024);
    CHECK(settings->isolate);
    CHECK(settings->fail_fast);
    CHECK(settings->shard == 2);
    CHECK(settings->shards == 5);
    CHECK(settings->places == std::vector<std::string>{"--odd-name"});
}

TEST_CASE("vigil-run's command line: what can't be is refused with what would be right")
{
    const std::vector<std::pair<std::vector<std::string>, std::string>> rows{
        {{}, "there is nothing to run"},
        {{"--jobs", "0", "x"}, "--jobs takes a number from 1 to 1024, not '0'"},
        {{"--jobs"}, "--jobs needs a value: --jobs N"},
        {{"--jbs", "2", "x"}, "is it --jobs?"},
        {{"--fail-fast=yes", "x"}, "--fail-fast takes no value"},
        {{"--shard", "0/3", "x"}, "K/N with K from 1 to N"},
        {{"--shard", "4/3", "x"}, "K/N with K from 1 to N"},
        {{"--shard", "1", "x"}, "K/N with K from 1 to N"},
        {{"--timeout", "0s", "x"}, "a length of time such as 60s"},
        {{"--seed", "18446744073709551616", "x"}, "a number of up to 64 bits"},
    };
    for (const auto& [words, says] : rows) {
        const auto settings = parse_run_settings(words);
        REQUIRE_FALSE(settings);
        INFO(settings.why().text);
        CHECK(settings.why().text.find(says) != std::string::npos);
    }
}
