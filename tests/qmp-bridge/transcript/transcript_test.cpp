// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <vigil/qmp-bridge/transcript/transcript.h>

using namespace vigil;
using namespace vigil::qmp_bridge;
using runstate::ns;
using runstate::refusal;

namespace {

const std::string k_head = R"({"vigil-transcript": 2, "version": "1", "process": 7, "arguments": ["-S"]})";

transcript_record record(transcript_kind what, unsigned client = 0, std::int64_t number = 0, std::string bytes = {})
{
    transcript_record result;
    result.what = what;
    result.time = ns(12);
    result.wall = 1'700'000'000'000'001;
    result.client = client;
    result.number = number;
    result.bytes = std::move(bytes);
    return result;
}

std::string every_byte()
{
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

recorded_run read_back(const std::string& text)
{
    std::istringstream in(text);
    auto run = read_transcript(in, "t");
    if (!run) FAIL(run.why().text);
    return *std::move(run);
}

std::string refused(const std::string& text)
{
    std::istringstream in(text);
    auto run = read_transcript(in, "t");
    return run ? std::string("accepted") : run.why().text;
}

// A run that has a clock, and nothing else.
struct tale {
    explicit tale(const recorded_run& run) { told.repeat(run); }

    ns now{12};
    transcript told{[this] { return now; }, [] { return std::uint64_t{0}; }};
};

} // namespace

TEST_CASE("transcript: every record reads back as it was written")
{
    auto amid_a_step = record(transcript_kind::input, 3, 0, "x");
    amid_a_step.look = 5;
    const std::vector<transcript_record> records{record(transcript_kind::connect, 1, 2),
                                                 record(transcript_kind::input, 1, 0, every_byte()),
                                                 record(transcript_kind::execute, 1),
                                                 record(transcript_kind::output, 1, 0, "{\"return\": {}}\r\n"),
                                                 record(transcript_kind::unsent, 1, 20'000'000'000),
                                                 record(transcript_kind::file, 1, 0, "a"),
                                                 record(transcript_kind::file, 2, 13),
                                                 record(transcript_kind::refused, 0, 0, "not \xC3\xA9"),
                                                 record(transcript_kind::snapshot, 0, 0xFFFF'FFFF),
                                                 record(transcript_kind::snapshot, 0, 0, "disk full"),
                                                 record(transcript_kind::guest_trace, 0, 0, every_byte()),
                                                 record(transcript_kind::job),
                                                 record(transcript_kind::limiter),
                                                 record(transcript_kind::signal, 0, 15),
                                                 record(transcript_kind::turn),
                                                 record(transcript_kind::interrupted),
                                                 record(transcript_kind::disconnect, 1),
                                                 record(transcript_kind::exit, 0, 1),
                                                 amid_a_step};
    std::string text =
        to_line(transcript_head{"1.2", {"-S", "-name", "a \"b\" \xC3\xA9"}, 42, {"[mon]\n", "\xFF"}}) + "\n";
    for (const auto& one : records) text += to_line(one) + "\n";
    const recorded_run run = read_back(text);
    CHECK(run.head.version == "1.2");
    CHECK(run.head.arguments == std::vector<std::string>{"-S", "-name", "a \"b\" \xC3\xA9"});
    CHECK(run.head.process == 42);
    CHECK(run.head.configurations == std::vector<std::string>{"[mon]\n", "\xFF"});
    REQUIRE(run.records.size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        INFO(to_line(records[i]));
        CHECK(run.records[i] == records[i]);
    }
}

TEST_CASE("transcript: a line says what is needed, and nothing else")
{
    CHECK(to_line(record(transcript_kind::input, 2, 0, "\xFF\n")) ==
          R"({"time": 12, "wall": 1700000000000001, "what": "input", "client": 2, "bytes": "\u00FF\n"})");
    CHECK(to_line(record(transcript_kind::limiter)) == R"({"time": 12, "wall": 1700000000000001, "what": "limiter"})");
}

TEST_CASE("transcript: any time of day is written and read back, and a length of time where it was looked at")
{
    for (const std::int64_t wall : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
                                    std::numeric_limits<std::int64_t>::max()}) {
        transcript_record one = record(transcript_kind::limiter);
        one.wall = wall;
        one.elapsed = 5;
        const recorded_run run = read_back(k_head + "\n" + to_line(one) + "\n");
        CHECK(run.records.front() == one);
    }
    CHECK(refused(k_head + "\n{\"time\": 0, \"wall\": 0, \"elapsed\": -1, \"what\": \"limiter\"}\n") ==
          "t:2: 'elapsed' must be an integer from 0 to 9223372036854775807");
}

TEST_CASE("transcript: a host's clock that is set back changes no length of time, and the run repeats to the byte")
{
    using std::chrono::microseconds;
    microseconds day(-1'500'000); // before 1970
    microseconds since_boot(77);
    const auto tell = [](transcript& told, std::vector<microseconds>& lengths) {
        told.executing(1);
        lengths.push_back(told.elapsed());
        told.answered(1, "a");
        told.executing(1);
        lengths.push_back(told.elapsed());
        CHECK(told.elapsed() == lengths.back()); // until the next record
        told.answered(1, "b");
    };
    std::string file = "/tmp/vigil-transcript-XXXXXX";
    ::close(::mkstemp(file.data()));
    std::vector<microseconds> lengths;
    {
        transcript::clocks host{[&day] { return day -= microseconds(3'600'000'000); },
                                [&since_boot] { return since_boot += microseconds(10); }};
        transcript told([] { return ns(12); }, [] { return std::uint64_t{0}; }, host);
        REQUIRE_FALSE(told.write_to(file, {"1", {}, 7}));
        tell(told, lengths);
    }
    CHECK(lengths == std::vector<microseconds>{microseconds(10), microseconds(20)});

    const auto read = read_transcript(file);
    std::remove(file.c_str());
    REQUIRE(read);
    const recorded_run& run = *read;
    REQUIRE(run.records.size() == 4);
    CHECK(run.records[0].wall == -3'601'500'000);
    CHECK(run.records[1].elapsed == 10);
    CHECK_FALSE(run.records[2].elapsed);
    std::vector<microseconds> repeated;
    tale again(run);
    tell(again.told, repeated);
    CHECK_FALSE(again.told.divergence());
    CHECK(repeated == lengths);
}

TEST_CASE("transcript: where no length was recorded, it is taken from the time of day")
{
    recorded_run run;
    run.records = {record(transcript_kind::execute, 1), record(transcript_kind::output, 1, 0, "a")};
    tale one(run);
    CHECK(one.told.elapsed() == std::chrono::microseconds(1'700'000'000'000'001));
    one.told.executing(1);
    CHECK_FALSE(one.told.divergence());
}

TEST_CASE("transcript: a file that is none is refused with the line and what would be right")
{
    const std::string good = R"({"time": 0, "wall": 0, "what": "limiter"})";
    CHECK(refused("") == "t: this is no transcript: it is empty");
    CHECK(refused("hello\n") == "t:1: this is not a JSON object");
    CHECK(refused("{}\n") == "t:1: this is no transcript: it must begin with {\"vigil-transcript\": 2, ...}");
    CHECK(refused("{\"vigil-transcript\": 0}\n") ==
          "t:1: 'vigil-transcript' must be an integer from 1 to 9223372036854775807");
    CHECK(
        refused(R"({"vigil-transcript": 1, "version": "0.1.0", "process": 7, "arguments": ["-S"]})"
                "\n") ==
        "t:1: this transcript has format 1, written by Vigil 0.1.0; this program repeats format 2: in format 1, "
        "x-snapshot-save and x-snapshot-load had other names. Repeat it with that Vigil, or record the run again with "
        "this one");
    CHECK(refused(R"({"vigil-transcript": 3, "version": "9", "process": 7, "arguments": []})"
                  "\n") ==
          "t:1: this transcript has format 3, written by Vigil 9; this program repeats format 2. Repeat "
          "it with that Vigil, or record the run again with this one");
    CHECK(refused(k_head + "\n" + good) == "t:2: the line is cut off");
    CHECK(refused(k_head + "\n" + good + "\n[]\n") == "t:3: this is not a JSON object");
    CHECK(refused(k_head + "\n{\"time\": -1, \"wall\": 0, \"what\": \"job\"}\n") ==
          "t:2: 'time' must be an integer from 0 to 9223372036854775807");
    CHECK(refused(k_head + "\n{\"time\": 0, \"wall\": 0, \"what\": \"sleep\"}\n") ==
          "t:2: 'sleep' is not what a record can be about");
    CHECK(refused(k_head + "\n{\"time\": 0, \"wall\": 0, \"what\": \"input\", \"client\": 1}\n") ==
          "t:2: 'bytes' must be a string");
    CHECK(refused(k_head + "\n{\"time\": 0, \"wall\": 0, \"what\": \"execute\", \"client\": 0}\n") ==
          "t:2: 'client' must be an integer from 1 to 1000000000");
    CHECK(refused(k_head +
                  "\n{\"time\": 0, \"wall\": 0, \"what\": \"input\", \"client\": 1, \"bytes\": \"\\u0100\"}\n") ==
          "t:2: 'bytes' has a character beyond U+00FF");
    CHECK(refused(k_head + "\n" + good + "\n") == "accepted");
}

TEST_CASE("transcript: a repeated run is held to the record, and told where it left it")
{
    recorded_run run;
    run.records = {record(transcript_kind::execute, 1), record(transcript_kind::output, 1, 0, "a")};
    tale same(run);
    same.told.executing(1);
    same.told.answered(1, "a");
    CHECK(same.told.next() == nullptr);
    CHECK_FALSE(same.told.divergence());

    tale other(run);
    other.told.executing(1);
    other.told.answered(1, "b");
    REQUIRE(other.told.divergence());
    CHECK(other.told.divergence()->find("line 3: recorded {") == 0);
    CHECK(other.told.divergence()->find("\"bytes\": \"a\"}, but this run has {") != std::string::npos);
    CHECK(other.told.next() == nullptr);

    tale late(run);
    late.now = ns(13);
    late.told.executing(1);
    CHECK(late.told.divergence());

    tale longer(run);
    longer.told.executing(1);
    longer.told.answered(1, "a");
    longer.told.answered(1, "a");
    REQUIRE(longer.told.divergence());
    CHECK(longer.told.divergence()->find("recorded nothing more") != std::string::npos);
}

TEST_CASE("transcript: the host's time is that of the next record, until it is written")
{
    recorded_run run;
    run.records = {record(transcript_kind::execute, 1), record(transcript_kind::output, 1, 0, "a")};
    run.records[1].wall += 2'000'000;
    tale one(run);
    CHECK(one.told.time_of_day() == std::chrono::microseconds(1'700'000'000'000'001));
    one.told.executing(1);
    CHECK(one.told.time_of_day() == std::chrono::microseconds(1'700'000'002'000'001));
    one.told.answered(1, "a");
    CHECK_FALSE(one.told.divergence());
}

TEST_CASE("transcript: what the host made of files is repeated, not asked for again")
{
    recorded_run run;
    run.records = {record(transcript_kind::refused, 0, 0, "no"), record(transcript_kind::snapshot, 0, 0, "disk full"),
                   record(transcript_kind::snapshot, 0, 7), record(transcript_kind::snapshot, 0, 9),
                   record(transcript_kind::guest_trace, 0, 0, "{}")};
    tale one(run);
    CHECK_FALSE(one.told.recorded_snapshot());
    CHECK(one.told.refused(std::nullopt) == refusal{"no"});
    CHECK(one.told.refused(refusal{"something"}) == std::nullopt);
    CHECK(one.told.recorded_snapshot()->why().text == "disk full");
    CHECK(one.told.reads_snapshot_later(9));
    CHECK_FALSE(one.told.reads_snapshot_later(8));
    one.told.snapshot(refusal{"disk full"});
    CHECK(**one.told.recorded_snapshot() == 7);
    one.told.snapshot(std::uint32_t{7});
    CHECK_FALSE(one.told.reads_snapshot_later(9)); // it comes next
    one.told.snapshot(std::uint32_t{9});
    CHECK(one.told.recorded_guest_trace() == "{}");
    CHECK_FALSE(one.told.divergence());
    one.told.end_here("there is no such file");
    CHECK(one.told.divergence() == "line 6: there is no such file");
    CHECK(one.told.next() == nullptr);
}
