// SPDX-License-Identifier: Apache-2.0
// What the processes of a run have in common.

#include <csignal>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <catch.h>

#include <vigil/sim/regression/claims.h>
#include <vigil/sim/regression/shared_bytes.h>

using namespace vigil::sim;

namespace {

// Runs `act` in a process of its own, which then ends by a signal; returns once it has.
template <class Act> void in_doomed_process(Act act)
{
    const pid_t child = ::fork();
    if (child == 0) {
        act();
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

} // namespace

TEST_CASE("claims: each is taken once, whichever process asks")
{
    constexpr std::size_t k_count = 10'000;
    claims taken(k_count);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto take_all = [&] {
        std::size_t count = 0;
        for (std::size_t i = 0; i < k_count; ++i) count += taken.take(i) ? 1 : 0;
        return count;
    };
    const pid_t child = ::fork();
    if (child == 0) {
        const std::size_t theirs = take_all();
        ::_exit(::write(ends[1], &theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }
    const std::size_t ours = take_all();
    std::size_t theirs = 0;
    REQUIRE(::read(ends[0], &theirs, sizeof theirs) == sizeof theirs);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(ours + theirs == k_count);
    CHECK(take_all() == 0);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("claims: what is left to a fresh process is taken by such a one only, and once")
{
    claims taken(3);
    CHECK(taken.take(1));
    taken.leave_to_fresh(1);
    CHECK_FALSE(taken.take(1));
    CHECK(taken.take_for_fresh(1));
    CHECK_FALSE(taken.take_for_fresh(1));
    CHECK(taken.take_for_fresh(2));
    CHECK_FALSE(taken.take(2));
    CHECK(taken.take(0));
}

TEST_CASE("shared bytes: what a process has added is there when it was killed")
{
    shared_bytes said;
    in_doomed_process([&] {
        for (int i = 0; i < 100'000; ++i) said.add("0123456789");
    });
    CHECK(said.complete());
    REQUIRE(said.all().size() == 1'000'000);
    CHECK(said.all().substr(999'990) == "0123456789");
    said.clear();
    CHECK(said.all().empty());
    in_doomed_process([&] { said.add("again"); });
    CHECK(said.all() == "again");
}

TEST_CASE("shared bytes: beyond what there is room for, they are said to be incomplete")
{
    shared_bytes said;
    said.add("begin");
    said.add({said.all().data(), std::size_t{1} << 30}); // looked at by its length alone
    said.add("more");
    CHECK_FALSE(said.complete());
    CHECK(said.all() == "begin");
    said.clear();
    CHECK(said.complete());
}
