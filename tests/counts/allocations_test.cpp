// SPDX-License-Identifier: Apache-2.0
// What is done over and over wants no memory: every allocation of this program is counted.
#include <catch.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vigil/qmp-bridge/qmp/commands/command_handler.h>
#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

#include "platform.h"

using namespace vigil;
using namespace vigil::qmp_bridge;

namespace {

std::atomic<std::int64_t> allocations{0};

} // namespace

// The C library's allocator, with each call noted; `operator new` comes by here, too.
extern "C" {
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* old, std::size_t size) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;

void* malloc(std::size_t size) noexcept
{
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept
{
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept
{
    ++allocations;
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    ++allocations;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** given, std::size_t alignment, std::size_t size) noexcept
{
    *given = aligned_alloc(alignment, size);
    return *given != nullptr ? 0 : ENOMEM;
}
}

namespace vigil::qmp_bridge {

struct allocations_info {
    std::int64_t so_far;
};
template <> struct described<allocations_info> {
    static constexpr std::string_view name = "AllocationsInfo";
    static constexpr std::tuple members{member{"so-far", &allocations_info::so_far}};
};

} // namespace vigil::qmp_bridge

namespace {

// How many allocations `act` makes, done often, once it has been done.
std::int64_t allocations_of(const std::function<void()>& act)
{
    constexpr int k_often = 1000;
    for (int i = 0; i < k_often; ++i) act();
    const std::int64_t before = allocations;
    for (int i = 0; i < k_often; ++i) act();
    return allocations - before;
}

// A client in a process of its own, whose allocations are its own business.
class client {
public:
    client(const std::string& path, pid_t server)
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        for (;;) {
            fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
            if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) break;
            ::close(fd_);
            if (::getppid() != server) ::_exit(6);
            ::usleep(1000);
        }
        hear();
        ask(R"({"execute": "qmp_capabilities"})");
    }

    // The line that comes after a request is sent.
    std::string ask(const std::string& request)
    {
        const std::string line = request + "\n";
        if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) ::_exit(2);
        return hear();
    }
    std::int64_t allocations_of_server()
    {
        const std::string line = ask(R"({"execute": "x-query-allocations"})");
        const auto digits = line.find_first_of("0123456789");
        if (digits == std::string::npos) ::_exit(3);
        return std::atoll(line.c_str() + digits);
    }

private:
    std::string hear()
    {
        std::string line;
        for (char c = 0; c != '\n'; line += c) {
            if (::recv(fd_, &c, 1, 0) != 1) ::_exit(4);
        }
        return line;
    }

    int fd_ = -1;
};

// Status 0 where a thousand of each request cost the server no more than none; 1 where they do, 5 where one fails.
[[noreturn]] void ask_and_leave(const std::string& path, pid_t server, const std::vector<std::string>& requests)
{
    client one(path, server);
    int failures = 0;
    const auto ask_all = [&](int times) {
        for (int i = 0; i < times; ++i) {
            for (const std::string& request : requests) {
                if (one.ask(request).find("\"return\"") == std::string::npos) ++failures;
            }
        }
    };
    ask_all(10);
    const std::int64_t before = one.allocations_of_server();
    const std::int64_t nothing_asked = one.allocations_of_server();
    ask_all(1000);
    const std::int64_t after = one.allocations_of_server();
    one.ask(R"({"execute": "quit"})");
    if (failures != 0) ::_exit(5);
    ::_exit(after - nothing_asked == nothing_asked - before ? 0 : 1);
}

struct folder {
    folder()
    {
        if (::mkdtemp(path.data()) == nullptr) std::abort();
    }
    ~folder() { ::rmdir(path.c_str()); }
    std::string path = "/tmp/vigil-allocations-XXXXXX";
};

} // namespace

TEST_CASE("allocations: a register, a configuration register and a kick of a device behind PCI want none")
{
    bench_platform& platform = bench_platform::instance();
    std::uint64_t read = 0;
    CHECK(allocations_of([&] { read += platform.memory.read_value(bench_platform::k_bar0 + 0x8, 4); }) == 0);
    CHECK(allocations_of([&] { read += platform.io.read_value(0xCFC, 2); }) == 0);
    CHECK(allocations_of([&] { platform.config_write(0x60, 2, 4); }) == 0);
    platform.preload(0xFFFFF, 0xFFFFF);
    platform.enable();
    CHECK(allocations_of([&] { platform.kick(); }) == 0);
    CHECK(allocations_of([&] { platform.msr.write_value(models::hyperv_msr::crash_p0, 8, read); }) == 0);
}

TEST_CASE("allocations: a request that only asks wants none, from the socket and back to it")
{
    const std::vector<std::string> requests{
        R"({"execute": "query-status"})",
        R"({"execute": "query-status", "id": 17})",
        R"({'execute': 'query-status', 'id': "libvirt-17"})",
        R"({"execute": "query-status", "arguments": {}, "id": {"a": [1, null, -0.5]}})",
        R"({"execute": "query-kvm"})",
        R"({"execute": "query-current-machine"})",
    };
    const folder made;
    const std::string socket = made.path + "/qmp";
    const pid_t server_process = ::getpid();
    if (::fork() == 0) ask_and_leave(socket, server_process, requests);

    runstate::controller controller("controller");
    qmp_server_options options;
    options.time.wait = waiting::blocking;
    options.time.time = pace::driven;
    qmp_server server("qmp", controller, {"unix:" + socket + ",server=on,wait=off"}, options);
    server.add_command(own_command("x-query-allocations", 0, [](const command_context& /*c*/) {
        return result<allocations_info>(allocations_info{allocations});
    }));
    server.run();
    int status = 0;
    REQUIRE(::wait(&status) > 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
