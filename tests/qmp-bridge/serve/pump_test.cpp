// SPDX-License-Identifier: Apache-2.0
// The pump inside somebody else's platform: sc_start is called with slices, and the clients are served in between.
#include <catch.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>
#include <vigil/qmp-bridge/qmp/qmp_session.h>
#include <vigil/qmp-bridge/serve/detail/pump.h>
#include <vigil/qmp-bridge/serve/detail/stream_server.h>

using namespace vigil;
using qmp_bridge::pace;
using qmp_bridge::pacing;
using qmp_bridge::pump;
using qmp_bridge::waiting;
using runstate::ns;

namespace {

// A platform that has a controller and a QMP socket, and calls sc_start itself.
struct pumped_platform {
    explicit pumped_platform(pace pace, bool hurries = true)
        : folder(make_folder()), monitor(controller.control(), monitor_options()),
          driver("pump", controller, options(pace, hurries)),
          server(driver, server_options(), [this] { return monitor.new_session(); })
    {
        controller.add_listener(monitor);
        REQUIRE_FALSE(server.start().has_value());
    }
    ~pumped_platform() { std::filesystem::remove_all(folder); }

    static std::string make_folder()
    {
        std::string name = "/tmp/vigil-pump-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        return name;
    }
    static pacing options(pace pace, bool hurries)
    {
        pacing result;
        result.wait = waiting::polling;
        result.time = pace;
        if (hurries) result.factor_millionths *= 1'000'000;
        return result;
    }
    static qmp_bridge::qmp_monitor::options monitor_options()
    {
        qmp_bridge::qmp_monitor::options result;
        result.arm_limiter = [](ns) {};
        return result;
    }
    qmp_bridge::stream_server::options server_options() const
    {
        qmp_bridge::stream_server::options result;
        result.where.path = folder + "/qmp";
        result.where.server = true;
        result.where.wait = false;
        return result;
    }

    std::string folder;
    runstate::controller controller{"controller"};
    qmp_bridge::qmp_monitor monitor;
    pump driver;
    qmp_bridge::stream_server server;
};

// A client in this very process: what it sends waits in the socket until the platform's next slice.
struct pumped_client {
    explicit pumped_client(const std::string& folder) : fd(::socket(AF_UNIX, SOCK_STREAM, 0))
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        (folder + "/qmp").copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    ~pumped_client() { ::close(fd); }
    void send(const std::string& text) const
    {
        REQUIRE(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
    }
    std::string received() const
    {
        char buffer[65536];
        const ssize_t count = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
    }
    int fd;
};

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

const char* const k_negotiate = "{\"execute\": \"qmp_capabilities\"}";

} // namespace

TEST_CASE("pump: a polling pump serves clients between the slices of a platform that owns sc_start")
{
    pumped_platform p(pace::paced);
    const pumped_client qmp(p.folder);
    sc_core::sc_start(10, sc_core::SC_MS);
    CHECK(contains(qmp.received(), "\"QMP\""));
    qmp.send(std::string(k_negotiate) + "{\"execute\": \"query-status\"}");
    sc_core::sc_start(10, sc_core::SC_MS);
    CHECK(sc_core::sc_time_stamp() == sc_core::sc_time(20, sc_core::SC_MS));
    CHECK(contains(qmp.received(), "\"status\": \"running\""));
}

TEST_CASE("pump: the end of the run flushes every client, closes the sockets and stops the simulation")
{
    pumped_platform p(pace::paced);
    const pumped_client qmp(p.folder);
    qmp.send(std::string(k_negotiate) + "{\"execute\": \"quit\"}");
    sc_core::sc_start(10, sc_core::SC_MS);
    const std::string said = qmp.received();
    CHECK(contains(said, "SHUTDOWN"));
    CHECK(contains(said, "{\"return\": {}}\r\n"));
    CHECK(p.driver.leaving());
    CHECK(sc_core::sc_get_status() == sc_core::SC_STOPPED);
}

TEST_CASE("pump: paced slices take no less wall-clock time than they are long")
{
    pumped_platform p(pace::paced, false);
    const auto start = std::chrono::steady_clock::now();
    sc_core::sc_start(50, sc_core::SC_MS);
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(45));
}

TEST_CASE("pump: a posted job runs in the pump's thread, inside a turn")
{
    pumped_platform p(pace::paced);
    bool in_turn = false;
    p.driver.post([&] { in_turn = p.controller.control().turn_open(); });
    sc_core::sc_start(10, sc_core::SC_MS);
    CHECK(in_turn);
}

TEST_CASE(
    "pump: a driven clock goes on where the kernel's time ends, each timer at its own time, and looking ends there")
{
    pumped_platform p(pace::driven);
    const ns day = std::chrono::hours(24); // of which the kernel has 213
    std::vector<ns> ran;
    runstate::vm_timer within(p.controller.clock, [&] { ran.push_back(p.controller.clock.now()); });
    runstate::vm_timer beyond(p.controller.clock, [&] { ran.push_back(p.controller.clock.now()); });
    within.arm(200 * day);
    beyond.arm(300 * day);
    p.driver.post([&] {
        p.driver.advance_to(400 * day);
        sc_core::sc_stop();
    });
    sc_core::sc_start();
    CHECK(ran == std::vector<ns>{200 * day, 300 * day});
    CHECK(p.controller.clock.now() == 400 * day);
    CHECK(sc_core::sc_time_stamp() < sc_core::sc_max_time());
}
