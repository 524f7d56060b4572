// SPDX-License-Identifier: Apache-2.0
// Does one thing so many times, for its instructions to be counted (counts_test.sh). usage: counted_paths PATH COUNT
// [QMP-SOCKET [QTEST-SOCKET]]: register-read, config-read, kick and wrmsr are done in this program; query-status,
// event, qtest-line and start are asked of a vigil-sim at the sockets, which is then told to quit.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemc>

#include "platform.h"

namespace {

[[noreturn]] void give_up(const std::string& why)
{
    std::fprintf(stderr, "counted_paths: %s\n", why.c_str());
    std::exit(1);
}

// A client that speaks a line and reads one at a time.
class client {
public:
    explicit client(const std::string& path)
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        for (int tries = 0; tries < 6000; ++tries) { // a program under a tool takes long to start
            fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
            if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
            ::close(fd_);
            ::usleep(10'000);
        }
        give_up("nobody listens on " + path);
    }
    client(client&& other) noexcept : fd_(other.fd_), received_(std::move(other.received_)) { other.fd_ = -1; }
    client& operator=(client&&) = delete;
    ~client() { ::close(fd_); }

    void say(const std::string& line) const
    {
        if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) {
            give_up("the server does not listen any more");
        }
    }
    void hear(const char* text)
    {
        std::size_t end = 0;
        std::array<char, 4096> buffer{};
        while ((end = received_.find('\n')) == std::string::npos) {
            const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
            if (got <= 0) give_up(std::string("the server has gone, without ") + text);
            received_.append(buffer.data(), static_cast<std::size_t>(got));
        }
        const std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        if (line.find(text) == std::string::npos) give_up("'" + line + "' came instead of " + text);
    }

private:
    int fd_ = -1;
    std::string received_;
};

client monitor(const std::string& path)
{
    client made(path);
    made.hear("QMP");
    made.say("{\"execute\": \"qmp_capabilities\"}\n");
    made.hear("return");
    return made;
}

void quit(client& from)
{
    from.say("{\"execute\": \"quit\"}\n");
    from.hear("SHUTDOWN");
    from.hear("return");
}

void query_status(int count, const std::string& path)
{
    client one = monitor(path);
    for (int i = 0; i < count; ++i) {
        one.say("{\"execute\": \"query-status\"}\n");
        one.hear("running");
    }
    quit(one);
}

void event_to_ten(int count, const std::string& path)
{
    std::vector<client> all;
    for (int i = 0; i < 10; ++i) all.push_back(monitor(path));
    const auto change = [&all](const char* command, const char* event) {
        all.front().say(std::string("{\"execute\": \"") + command + "\"}\n");
        for (client& one : all) one.hear(event);
        all.front().hear("return");
    };
    for (int i = 0; i < count; ++i) {
        change("stop", "STOP");
        change("cont", "RESUME");
    }
    quit(all.front());
}

void qtest_lines(int count, const std::string& path, const std::string& qtest_path)
{
    client one = monitor(path);
    client qtest(qtest_path);
    // By the hundred, as test programs send them: whether the server had to wait for each would make a difference.
    constexpr int k_at_once = 100;
    std::string lines;
    for (int i = 0; i < k_at_once; ++i) lines += "inb 0x61\n";
    for (int i = 0; i < count; i += k_at_once) {
        qtest.say(lines);
        for (int k = 0; k < k_at_once; ++k) qtest.hear("OK");
    }
    quit(one);
}

void greeting(const std::string& path)
{
    client one = monitor(path);
    quit(one);
}

int run(const std::string& path, int count, const std::vector<std::string>& sockets)
{
    const auto repeat = [count](const auto& act) {
        for (int i = 0; i < count; ++i) act();
    };
    const auto platform = []() -> bench_platform& { return bench_platform::instance(); };
    const auto socket = [&sockets](std::size_t which) {
        if (which >= sockets.size()) give_up("a socket is missing");
        return sockets[which];
    };
    std::uint64_t value = 0;
    const std::map<std::string, std::function<void()>> paths{
        {"register-read",
         [&] { repeat([&] { value += platform().memory.read_value(bench_platform::k_bar0 + 0x8, 4); }); }},
        {"config-read", [&] { repeat([&] { value += platform().io.read_value(0xCFC, 2); }); }},
        {"kick",
         [&] {
             platform().preload(0xFFFFF, 0xFFFFF);
             platform().enable();
             repeat([&] { platform().kick(); });
         }},
        {"wrmsr",
         [&] { repeat([&] { platform().msr.write_value(vigil::models::hyperv_msr::crash_p0, 8, ++value); }); }},
        {"query-status", [&] { query_status(count, socket(0)); }},
        {"event", [&] { event_to_ten(count, socket(0)); }},
        {"qtest-line", [&] { qtest_lines(count, socket(0), socket(1)); }},
        {"start", [&] { greeting(socket(0)); }},
    };
    const auto found = paths.find(path);
    if (found == paths.end()) give_up("there is no path '" + path + "'");
    found->second();
    return value == 1 ? 3 : 0; // looked at, so that nothing is left out
}

} // namespace

int sc_main(int, char*[]) { return 99; }

int main(int argc, char* argv[])
{
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    if (argc < 3 || std::atoi(argv[2]) <= 0) give_up("expects a path and a count");
    return run(argv[1], std::atoi(argv[2]), {argv + 3, argv + argc});
}
