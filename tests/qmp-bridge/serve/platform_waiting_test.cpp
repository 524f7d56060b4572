// SPDX-License-Identifier: Apache-2.0
// A server inside somebody else's platform: what passes of simulated time, who is served meanwhile, and what it costs.
#include <catch.h>
#include <report_of.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <vigil/qmp-bridge/qmp_server.h>
#include <vigil/runstate/controller.h>

using namespace vigil;
using qmp_bridge::pace;
using qmp_bridge::qmp_server;
using qmp_bridge::waiting;
using runstate::ns;
using std::chrono::milliseconds;

namespace {

struct temporary_folder {
    temporary_folder()
    {
        if (::mkdtemp(path.data()) == nullptr) std::abort();
    }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    std::string path = "/tmp/vigil-platform-XXXXXX";
};

// A client in a thread of its own. Nothing in it is Catch's, which is not for threads: `failed` says what did not come.
class client {
public:
    explicit client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0))
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        // The server listens once simulation starts.
        for (int i = 0; i < 6000; ++i) {
            if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
            std::this_thread::sleep_for(milliseconds(10));
        }
        say("qmp_capabilities", "{\"return\": {}}");
    }
    ~client() { ::close(fd_); }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // Sends a command, and waits for what must come.
    void say(const std::string& command, const std::string& answer)
    {
        const std::string line = "{\"execute\": \"" + command + "\"}\n";
        if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) fail(command);
        expect(answer);
    }
    void expect(const std::string& part)
    {
        std::size_t found = 0;
        while ((found = heard_.find(part)) == std::string::npos) {
            pollfd ready{fd_, POLLIN, 0};
            char buffer[4096];
            const ssize_t count = ::poll(&ready, 1, 60'000) == 1 ? ::recv(fd_, buffer, sizeof buffer, 0) : 0;
            if (count <= 0) return fail(part);
            heard_.append(buffer, static_cast<std::size_t>(count));
        }
        heard_.erase(0, found + part.size());
    }
    const std::string& failed() const noexcept { return failed_; }

private:
    void fail(const std::string& what)
    {
        if (failed_.empty()) failed_ = what;
    }

    int fd_;
    std::string heard_;
    std::string failed_;
};

// What an outsider does meanwhile; over when this is gone.
class meanwhile {
public:
    template <class Story>
    meanwhile(const std::string& path, Story story)
        : thread_([this, path, story] {
              client qmp(path);
              story(qmp);
              failed_ = qmp.failed();
          })
    {
    }
    ~meanwhile()
    {
        if (thread_.joinable()) thread_.join();
    }
    std::string failed()
    {
        thread_.join();
        return failed_;
    }

private:
    std::string failed_;
    std::thread thread_;
};

double cpu_seconds()
{
    rusage used = {};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double wall_seconds()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of a CPU. On an idle machine it is a tenth of it; where the machine is busy, time is accounted for coarsely.
constexpr double k_share_allowed = 0.05;
// Delta cycles in a second of pause: one each 10 ms, and some for clients.
constexpr sc_dt::uint64 k_deltas_allowed = 150;

qmp_server::options waits(waiting how, pace time)
{
    qmp_server::options result;
    result.time.wait = how;
    result.time.time = time;
    result.log = [](std::string_view) {};
    return result;
}

// A machine, its server, and something that goes on in simulated time all the while.
struct platform : sc_core::sc_module, runstate::run_listener {
    platform(const sc_core::sc_module_name& name, const std::string& path, qmp_server::options opts)
        : sc_module(name), server("qmp", controller, {"unix:" + path + ",server=on,wait=off"}, std::move(opts))
    {
        controller.add_listener(*this);
        SC_HAS_PROCESS(platform);
        SC_THREAD(tick);
    }
    void tick()
    {
        while (ticks) {
            wait(1, sc_core::SC_MS);
            std::this_thread::sleep_for(pause);
            if (wants_reset.exchange(false)) controller.request_reset(runstate::shutdown_cause::guest_reset);
        }
    }
    void on_state_changed(runstate::run_state from, runstate::run_state to) override
    {
        if (to == runstate::run_state::paused) {
            stopped_at = sc_core::sc_time_stamp();
            deltas = sc_core::sc_delta_count();
            cpu = cpu_seconds();
            wall = wall_seconds();
        } else if (from == runstate::run_state::paused) {
            continued_at = sc_core::sc_time_stamp();
            deltas = sc_core::sc_delta_count() - deltas;
            share = (cpu_seconds() - cpu) / (wall_seconds() - wall);
        }
    }

    runstate::controller controller{"controller"};
    qmp_server server;
    bool ticks = true;
    std::atomic<bool> wants_reset{false}; ///< at the next tick
    std::chrono::microseconds pause{100}; ///< of the wall clock in each tick
    sc_core::sc_time stopped_at;
    sc_core::sc_time continued_at{1, sc_core::SC_SEC};
    sc_dt::uint64 deltas = 0; ///< while stopped
    double cpu = 0;
    double wall = 0;
    double share = 1; ///< of a CPU, while stopped
};

void pause_for_a_while(client& qmp)
{
    qmp.say("stop", "STOP");
    std::this_thread::sleep_for(milliseconds(1000));
    qmp.say("query-status", "paused");
    qmp.say("cont", "RESUME");
    qmp.say("quit", "{\"return\": {}}");
}

void check_pause(waiting how, pace time)
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(how, time));
    meanwhile outside(path, pause_for_a_while);
    sc_core::sc_start();
    CHECK(outside.failed() == "");
    CHECK(p.continued_at == p.stopped_at);
    CHECK(p.share < k_share_allowed);
    CHECK(p.deltas < k_deltas_allowed);
}

// Another thread's way into the kernel, as a UART's or a display's.
struct outside_input : sc_core::sc_prim_channel {
    outside_input() : sc_prim_channel("outside_input") {}
    void ring() { async_request_update(); }
    void update() override
    {
        ++updates;
        updated.notify(sc_core::SC_ZERO_TIME);
        last_at = sc_core::sc_time_stamp();
    }
    int updates = 0;
    sc_core::sc_event updated;
    sc_core::sc_time last_at;
};

} // namespace

TEST_CASE("platform waiting: a pause takes no simulated time and next to no CPU time")
{
    check_pause(waiting::platform, pace::free);
}

TEST_CASE("platform waiting: nor does one where simulated time keeps pace with the wall clock")
{
    check_pause(waiting::platform, pace::paced);
}

TEST_CASE("platform waiting: nor does one where the server polls") { check_pause(waiting::polling, pace::paced); }

TEST_CASE("platform waiting: other threads' asynchronous updates are all served during a pause, at the frozen time")
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(waiting::platform, pace::free));
    outside_input uart;
    meanwhile outside(path, [&](client& qmp) {
        qmp.say("stop", "STOP");
        for (int i = 0; i < 20; ++i) {
            uart.ring();
            std::this_thread::sleep_for(milliseconds(25));
        }
        qmp.say("query-status", "paused");
        qmp.say("cont", "RESUME");
        qmp.say("quit", "{\"return\": {}}");
    });
    sc_core::sc_start();
    CHECK(outside.failed() == "");
    CHECK(uart.updates == 20);
    CHECK(uart.last_at == p.stopped_at);
    CHECK(p.continued_at == p.stopped_at);
}

TEST_CASE("platform waiting: a bounded slice with nothing to simulate returns, and sc_start, which is told of")
{
    const temporary_folder folder;
    std::string logged;
    {
        auto options = waits(waiting::platform, pace::free);
        options.log = [&](std::string_view line) { logged += line; };
        platform p("platform", folder.path + "/qmp", std::move(options));
        p.ticks = false;
        sc_core::sc_start(1, sc_core::SC_SEC);
        CHECK(sc_core::sc_time_stamp() == sc_core::sc_time(1, sc_core::SC_SEC));
        sc_core::sc_start();
        CHECK(sc_core::sc_time_stamp() == sc_core::sc_time(1, sc_core::SC_SEC));
        CHECK_FALSE(p.server.ended());
        CHECK(logged.empty());
    }
    CHECK(logged.find("qmp_server::run()") != std::string::npos); // which may have been meant
}

TEST_CASE("platform waiting: run() waits for clients with nothing to simulate, and ends with the run")
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(waiting::platform, pace::free));
    p.ticks = false;
    meanwhile outside(path, [](client& qmp) {
        qmp.say("query-status", "running");
        std::this_thread::sleep_for(milliseconds(100));
        qmp.say("query-status", "running");
        qmp.say("quit", "{\"return\": {}}");
    });
    p.server.run();
    CHECK(outside.failed() == "");
    CHECK(p.server.ended());
    CHECK(sc_core::sc_get_status() == sc_core::SC_STOPPED);
    CHECK(sc_core::sc_time_stamp() < sc_core::sc_time(10, sc_core::SC_MS));
}

TEST_CASE("platform waiting: nothing is periodic while nobody speaks, connected or not")
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(waiting::platform, pace::free));
    p.ticks = false;
    const sc_dt::uint64 at_first = sc_core::sc_delta_count();
    sc_core::sc_start(1000, sc_core::SC_SEC);
    CHECK(sc_core::sc_delta_count() - at_first < 20);
    meanwhile outside(path, [](client& qmp) {
        qmp.say("query-status", "running");
        qmp.say("quit", "{\"return\": {}}");
    });
    p.server.run();
    CHECK(outside.failed() == "");
}

TEST_CASE("platform waiting: an event that comes of itself is sent at once, though nobody speaks")
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(waiting::platform, pace::free));
    meanwhile outside(path, [&p](client& qmp) {
        qmp.say("query-status", "running");
        std::this_thread::sleep_for(milliseconds(100)); // what was said has been heard and answered, all of it
        p.wants_reset = true;
        qmp.expect("RESET");
        qmp.say("quit", "{\"return\": {}}");
    });
    p.server.run();
    CHECK(outside.failed() == "");
}

TEST_CASE("platform waiting: of two machines each stops its own clock, and time stands once both are stopped")
{
    const temporary_folder folder;
    const std::string first_path = folder.path + "/first";
    const std::string second_path = folder.path + "/second";
    platform first("first", first_path, waits(waiting::platform, pace::free));
    platform second("second", second_path, waits(waiting::platform, pace::free));
    meanwhile outside(first_path, [&](client& qmp) {
        client other(second_path);
        qmp.say("stop", "STOP");
        std::this_thread::sleep_for(milliseconds(50)); // the other machine runs on
        other.say("stop", "STOP");
        std::this_thread::sleep_for(milliseconds(200));
        qmp.say("query-status", "paused");
        other.say("query-status", "paused");
        other.say("cont", "RESUME");
        other.say("query-status", "running");
        other.say("quit", "{\"return\": {}}");
    });
    sc_core::sc_start();
    CHECK(outside.failed() == "");
    CHECK(first.stopped_at < second.stopped_at);
    CHECK(second.continued_at == second.stopped_at);
    CHECK(first.controller.clock.now() == runstate::ns(static_cast<std::int64_t>(first.stopped_at.to_seconds() * 1e9)));
    CHECK(first.controller.control().state() == runstate::run_state::paused);
}

TEST_CASE("platform waiting: a slice that meets a stop returns after sc_pause, and the next after the cont")
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(waiting::platform, pace::free));
    outside_input button;
    struct pauser : sc_core::sc_module {
        pauser(const sc_core::sc_module_name& name, const outside_input& from) : sc_module(name)
        {
            SC_HAS_PROCESS(pauser);
            SC_METHOD(pressed);
            sensitive << from.updated;
            dont_initialize();
        }
        void pressed() { sc_core::sc_pause(); }
    } presses("presses", button);
    meanwhile outside(path, [&](client& qmp) {
        qmp.say("query-status", "running");
        qmp.say("stop", "STOP");
        button.ring();
        std::this_thread::sleep_for(milliseconds(100));
        qmp.say("cont", "RESUME");
        qmp.say("quit", "{\"return\": {}}");
    });
    sc_core::sc_start(1000, sc_core::SC_SEC);
    CHECK(sc_core::sc_get_status() == sc_core::SC_PAUSED);
    CHECK(sc_core::sc_time_stamp() == p.stopped_at);
    sc_core::sc_start(1000, sc_core::SC_SEC);
    CHECK(outside.failed() == "");
    CHECK(p.continued_at == p.stopped_at);
    CHECK(sc_core::sc_get_status() == sc_core::SC_STOPPED);
}

TEST_CASE("platform waiting: a job may be posted from any thread, and runs in the kernel's, inside a turn")
{
    const temporary_folder folder;
    platform p("platform", folder.path + "/qmp", waits(waiting::platform, pace::free));
    p.ticks = false;
    const std::thread::id kernel = std::this_thread::get_id();
    bool in_turn = false;
    bool in_kernel = false;
    std::thread other([&] {
        p.server.post([&] {
            in_turn = p.controller.control().turn_open();
            in_kernel = std::this_thread::get_id() == kernel;
            p.controller.control().quit();
        });
    });
    p.server.run();
    other.join();
    CHECK(in_turn);
    CHECK(in_kernel);
}

TEST_CASE("platform waiting: a simulation that is stopped by its own program leaves nothing behind")
{
    const temporary_folder folder;
    const std::string path = folder.path + "/qmp";
    platform p("platform", path, waits(waiting::platform, pace::free));
    sc_core::sc_start(10, sc_core::SC_MS);
    meanwhile outside(path, [](client& qmp) { qmp.say("query-status", "running"); });
    for (int i = 0; i < 20; ++i) sc_core::sc_start(10, sc_core::SC_MS);
    sc_core::sc_stop();
    CHECK(sc_core::sc_get_status() == sc_core::SC_STOPPED);
}

TEST_CASE("platform waiting: polling without a pace is an error that says what would be right")
{
    runstate::controller controller("controller");
    CHECK(report_of([&] { qmp_server("qmp", controller, {}, waits(waiting::polling, pace::free)); }).type ==
          "/vigil/qmp-bridge/waiting");
}

TEST_CASE("platform waiting: blocking beside another server is an error, before time is lost")
{
    const temporary_folder folder;
    platform first("first", folder.path + "/first", waits(waiting::blocking, pace::free));
    platform second("second", folder.path + "/second", waits(waiting::platform, pace::free));
    CHECK(report_of([&] { sc_core::sc_start(1, sc_core::SC_MS); }).type == "/vigil/qmp-bridge/waiting");
}
