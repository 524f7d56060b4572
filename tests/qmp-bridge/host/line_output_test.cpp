// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/line_output.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch.h>

#include <vigil/qmp-bridge/host/detail/output_retry.h>

using vigil::qmp_bridge::line_output;
using vigil::qmp_bridge::output_retry;

namespace {

// The two ends of a pipe or a pair of sockets; what is written to one is read from the other.
struct channel {
    enum class kind { pipe, sockets };

    explicit channel(kind k)
    {
        int ends[2] = {-1, -1};
        REQUIRE((k == kind::pipe ? ::pipe2(ends, O_CLOEXEC)
                                 : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) == 0);
        from = ends[0];
        to = ends[1];
        std::signal(SIGPIPE, SIG_IGN);
    }
    ~channel()
    {
        if (from >= 0) ::close(from);
        if (to >= 0) ::close(to);
    }
    void go() { ::close(std::exchange(from, -1)); }
    std::string read_all() const
    {
        std::string text;
        char bytes[65536];
        ::fcntl(from, F_SETFL, O_NONBLOCK);
        for (ssize_t n = ::read(from, bytes, sizeof bytes); n > 0; n = ::read(from, bytes, sizeof bytes)) {
            text.append(bytes, static_cast<std::size_t>(n));
        }
        return text;
    }
    int from = -1;
    int to = -1;
};

line_output::options telling(std::size_t most_kept)
{
    return {most_kept, [](std::uint64_t lines) { return "(" + std::to_string(lines) + " missing)\n"; }};
}

std::string line(int number)
{
    const std::string text = std::to_string(number);
    return text + std::string(99 - text.size(), ' ') + '\n';
}

// Reads and offers in turn until nothing is left.
std::string drain(const channel& reader, line_output& out)
{
    std::string text;
    while (!out.flush()) text += reader.read_all();
    return text + reader.read_all();
}

// Checks that `text` is the lines from 0 to below `first`, one that tells of those up to `end`, and nothing else.
void check_one_gap(const std::string& text, int end)
{
    std::size_t at = 0;
    int number = 0;
    while (text.compare(at, 100, line(number)) == 0) {
        at += 100;
        ++number;
    }
    CHECK(number < end);
    CHECK(text.substr(at) == "(" + std::to_string(end - number) + " missing)\n");
}

void check_stalled(channel::kind kind)
{
    constexpr int k_lines = 20'000; // two megabytes
    const channel reader(kind);
    line_output out(reader.to, telling(10'000));
    for (int i = 0; i < k_lines; ++i) out.write(line(i));
    CHECK(out.dropped() > 0);
    CHECK(out.error() == 0);
    check_one_gap(drain(reader, out), k_lines);
    out.write("and on\n");
    CHECK(reader.read_all() == "and on\n");
}

} // namespace

TEST_CASE("line output: a pipe that nobody reads drops lines, which are counted at their place")
{
    check_stalled(channel::kind::pipe);
}

TEST_CASE("line output: a socket that nobody reads drops lines, which are counted at their place")
{
    check_stalled(channel::kind::sockets);
}

TEST_CASE("line output: what fits is kept for a slow reader, in order")
{
    const channel reader(channel::kind::pipe);
    line_output out(reader.to, telling(4'000'000));
    std::string all;
    for (int i = 0; i < 20'000; ++i) {
        out.write(line(i));
        all += line(i);
    }
    const std::string longest(200'000, 'x'); // longer than the pipe itself
    out.write(longest + "\n");
    CHECK(drain(reader, out) == all + longest + "\n");
    CHECK(out.dropped() == 0);
}

TEST_CASE("line output: the description that others share stays as it was")
{
    const channel reader(channel::kind::pipe);
    const int before = ::fcntl(reader.to, F_GETFL);
    line_output out(reader.to, telling(1000));
    for (int i = 0; i < 2000; ++i) out.write(line(i));
    CHECK(::fcntl(reader.to, F_GETFL) == before);
    CHECK((before & O_NONBLOCK) == 0);
    reader.read_all();
    out.flush();
}

TEST_CASE("line output: a regular file is continued where others left off, and takes any number of lines")
{
    char name[] = "/tmp/vigil-lines-XXXXXX";
    const int file = ::mkstemp(name);
    REQUIRE(file >= 0);
    ::unlink(name);
    line_output out(file, telling(10));
    REQUIRE(::write(file, "theirs\n", 7) == 7);
    out.write(std::string(1000, 'x') + "\n");
    REQUIRE(::write(file, "theirs\n", 7) == 7);
    std::string text(2000, '\0');
    text.resize(static_cast<std::size_t>(::pread(file, text.data(), text.size(), 0)));
    CHECK(text == "theirs\n" + std::string(1000, 'x') + "\ntheirs\n");
    ::close(file);
}

TEST_CASE("line output: where nobody can read any more lines are dropped, and the reason is known")
{
    channel reader(channel::kind::pipe);
    line_output out(reader.to, telling(1000));
    reader.go();
    out.write("one\ntwo\n");
    CHECK(out.dropped() == 2);
    CHECK(out.error() == EPIPE);
    out.write("three\n");
    CHECK(out.dropped() == 3);

    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    line_output nowhere(full, telling(1000));
    nowhere.write("one\n");
    CHECK(nowhere.dropped() == 1);
    CHECK(nowhere.error() == ENOSPC);
    ::close(full);

    line_output none(-1, telling(1000));
    none.write("one\n");
    CHECK(none.dropped() == 1);
    CHECK(none.error() == EBADF);
}

TEST_CASE("line output: a descriptor that comes to mean another file is followed, and the loss is told there")
{
    channel first(channel::kind::pipe);
    const channel second(channel::kind::pipe);
    const int fd = ::fcntl(first.to, F_DUPFD_CLOEXEC, 0);
    line_output out(fd, telling(1000));
    out.write("one\n");
    REQUIRE(::dup3(second.to, fd, O_CLOEXEC) == fd);
    out.write("two\n");
    CHECK(first.read_all() == "one\n");
    CHECK(second.read_all() == "two\n");
    // Nothing of ours holds a file open that the descriptor no longer means.
    REQUIRE(::dup3(first.to, fd, O_CLOEXEC) == fd);
    out.write("once\n");
    REQUIRE(::dup3(second.to, fd, O_CLOEXEC) == fd);
    out.look();
    CHECK(first.read_all() == "once\n");
    ::close(std::exchange(first.to, -1));
    char byte = 0;
    CHECK(::read(first.from, &byte, 1) == 0);
    ::close(fd);
    out.write("three\nfour\n");
    REQUIRE(::dup3(second.to, fd, O_CLOEXEC) == fd);
    CHECK(out.flush());
    CHECK(second.read_all() == "(2 missing)\n");
    ::close(fd);
}

TEST_CASE("line output: an event loop offers what is kept again until it is taken, and then nothing more")
{
    const channel reader(channel::kind::pipe);
    line_output out(reader.to, telling(4'000'000));
    boost::asio::io_context io;
    const output_retry retry(io.get_executor(), out);
    CHECK(io.poll() == 0);
    io.restart();
    for (int i = 0; i < 2000; ++i) out.write(line(i));
    std::string text;
    while (io.run_one() != 0) text += reader.read_all(); // ends where nothing waits any more
    text += reader.read_all();
    CHECK(text.size() == 2000 * 100);
    CHECK(out.dropped() == 0);
}
