// SPDX-License-Identifier: Apache-2.0
// vigil-qmp against servers that are not what they should be.
#include <catch.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "simulator.h"

using vigil::tests::connection;
using vigil::tests::contains;
using vigil::tests::k_reply_limit;
using vigil::tests::lost;
using vigil::tests::process;
using vigil::tests::words;
using vigil::tests::workspace;

namespace {

const std::string k_greeting = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";
const std::string k_done_line = "{\"return\": {}}\r\n";
const std::string k_error_line = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n";

// A server's socket, and vigil-qmp that has come to it.
struct fake_server {
    explicit fake_server(words arguments = {"query-status"})
        : listening(listen_at(path())), program(command(arguments), place)
    {
    }
    ~fake_server() { ::close(listening); }

    std::string path() const { return (place.path / "qmp").string(); }
    words command(words arguments) const
    {
        words all{VIGIL_QMP};
        if (!arguments.empty() && arguments.front() == "--events") {
            all.push_back(arguments.front());
            arguments.erase(arguments.begin());
        }
        all.push_back(path());
        all.insert(all.end(), arguments.begin(), arguments.end());
        return all;
    }
    static int listen_at(const std::string& path)
    {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 1) != 0) {
            throw std::runtime_error("cannot listen at " + path);
        }
        return fd;
    }
    connection accept() const
    {
        pollfd ready{listening, POLLIN, 0};
        const int most = static_cast<int>(std::chrono::milliseconds(k_reply_limit).count());
        if (::poll(&ready, 1, most) != 1) throw std::runtime_error("vigil-qmp does not come");
        return connection(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
    }
    // Greets, and takes the negotiation and the request.
    connection greet() const
    {
        connection client = accept();
        client.send(k_greeting);
        client.read_line();
        client.send(k_done_line);
        client.read_line();
        return client;
    }
    // Its status, after it said what it had to say.
    int status(std::string& printed)
    {
        const int result = program.wait().value_or(-1000);
        printed = place.printed();
        return result;
    }

    workspace place;
    int listening;
    process program;
};

// Sends one thing over and over until the other side goes; returns whether it went.
bool send_for_ever(const connection& client, std::string_view part)
{
    constexpr std::size_t k_plenty = 512U * 1024 * 1024;
    try {
        for (std::size_t sent = 0; sent < k_plenty; sent += part.size()) client.send(part);
    } catch (const lost&) {
        return true;
    }
    return false;
}

} // namespace

TEST_CASE("vigil-qmp: a greeting without end is given up, in words")
{
    fake_server server;
    std::string printed;
    {
        const connection client = server.accept();
        client.send("{\"QMP\": \"");
        CHECK(send_for_ever(client, std::string(1000, 'x')));
    }
    CHECK(server.status(printed) == 1);
    CHECK(contains(printed, "bytes at once"));
}

TEST_CASE("vigil-qmp: a reply without end is given up, in words")
{
    fake_server server;
    std::string printed;
    {
        const connection client = server.greet();
        client.send("{\"return\": \"");
        CHECK(send_for_ever(client, std::string(100'000, 'x')));
    }
    CHECK(server.status(printed) == 1);
    CHECK(contains(printed, "bytes at once: '{\"return\": \"xxx"));
}

TEST_CASE("vigil-qmp: something else than QMP is quoted, with no control character as it came")
{
    for (const std::string& said : {std::string("HTTP/1.1 400 \x1B[2JBad\r\n"), std::string("[1]\n"),
                                    std::string("{\"hello\": \"\x1B]0;x\x07\"}\n"), std::string("{\"QMP\" 1}\n")}) {
        CAPTURE(said);
        fake_server server;
        std::string printed;
        server.accept().send(said);
        CHECK(server.status(printed) == 1);
        CHECK(contains(printed, "what it says is not QMP: '"));
        CHECK(printed.find('\x1B') == std::string::npos);
        CHECK(printed.find('\x07') == std::string::npos);
    }
}

TEST_CASE("vigil-qmp: a reply's control characters are printed as JSON escapes, other characters as they are")
{
    fake_server server;
    std::string printed;
    {
        connection client = server.greet();
        client.send("{\"return\": \"a\x7F \xC2\x9B"
                    "2J \xC3\xA9\"}\r\n");
        CHECK(server.status(printed) == 0);
    }
    CHECK(contains(printed, "{\"return\": \"a\\u007F \\u009B2J \xC3\xA9\"}"));
}

TEST_CASE("vigil-qmp: an event with a raw escape is refused, in words")
{
    fake_server server({"--events"});
    std::string printed;
    {
        connection client = server.accept();
        client.send(k_greeting);
        client.read_line();
        client.send(k_done_line + "{\"event\": \"A\"}\r\n{\"event\": \"\x1B[31m\"}\r\n");
        CHECK(server.status(printed) == 1);
    }
    CHECK(contains(printed, "{\"event\": \"A\"}"));
    CHECK(contains(printed, "{\"event\": \"\\u001B[31m\"}"));
    CHECK(printed.find('\x1B') == std::string::npos);
}

TEST_CASE("vigil-qmp: each way in which a connection ends too early is told")
{
    const struct {
        std::vector<std::string> said;
        const char* told;
    } rows[] = {{{}, "ended before the greeting"},
                {{k_greeting}, "ended before the reply"},
                {{k_greeting, k_done_line}, "ended before the reply"},
                {{k_greeting, k_error_line}, "refuses to negotiate"}};
    for (const auto& row : rows) {
        CAPTURE(row.told, row.said.size());
        fake_server server;
        std::string printed;
        {
            connection client = server.accept();
            for (const std::string& said : row.said) {
                client.send(said);
                if (said != k_error_line) client.read_line();
            }
        }
        CHECK(server.status(printed) == 1);
        CHECK(contains(printed, "vigil-qmp: "));
        CHECK(contains(printed, row.told));
    }
}

TEST_CASE("vigil-qmp: a reply over several lines is one reply")
{
    fake_server server;
    std::string printed;
    {
        const connection client = server.greet();
        client.send("{\r\n    \"timestamp\": {},\r\n    \"event\": \"STOP\"\r\n}\r\n"
                    "{\r\n    \"return\": {\r\n    }\r\n}\r\n");
        CHECK(server.status(printed) == 0);
    }
    CHECK(contains(printed, "{\n    \"timestamp\": {},\n    \"event\": \"STOP\"\n}\n{\n    \"return\": {\n    }\n}"));
}

TEST_CASE("vigil-qmp: a path that no socket can have is told, and no socket there")
{
    const workspace place;
    process far({VIGIL_QMP, "/tmp/" + std::string(200, 'x'), "quit"}, place);
    CHECK(far.wait() == 1);
    CHECK(contains(place.printed(), "File name too long"));
    process none({VIGIL_QMP, (place.path / "nobody").string(), "quit"}, place);
    CHECK(none.wait() == 1);
    CHECK(contains(place.printed(), "No such file or directory"));
}
