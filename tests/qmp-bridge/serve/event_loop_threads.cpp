// SPDX-License-Identifier: Apache-2.0
// Built and run under ThreadSanitizer: event loops whose waiting is done by threads of their own, as a kernel's thread
// uses them, with clients, timers and other threads' jobs. No SystemC, whose coroutines the sanitizer does not follow.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <vigil/qmp-bridge/serve/detail/threaded_event_loop.h>

namespace {

namespace asio = boost::asio;
using socket_type = asio::local::stream_protocol::socket;
using vigil::qmp_bridge::threaded_event_loop;
using vigil::runstate::ns;

void require(bool condition, const char* what)
{
    if (condition) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::_Exit(1);
}

constexpr int k_messages = 300;
constexpr int k_jobs = 300;

// Echoes bytes in the kernel's thread, by a loop of its own.
class echo {
public:
    explicit echo(std::thread::id kernel)
        : kernel_(kernel), loop([this] { ++rings; }), socket_(loop.executor()), timer_(loop.executor())
    {
    }
    ~echo()
    {
        boost::system::error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
        loop.drain();
    }

    void serve(socket_type::native_handle_type handle)
    {
        socket_.assign(asio::local::stream_protocol(), handle);
        read();
        tick();
    }

private:
    void read()
    {
        socket_.async_read_some(
            asio::buffer(buffer_), [this](const boost::system::error_code& error, std::size_t count) {
                require(std::this_thread::get_id() == kernel_, "handlers run in the kernel's thread");
                if (error) return;
                asio::write(socket_, asio::buffer(buffer_.data(), count));
                echoed += static_cast<int>(count);
                read();
            });
    }
    void tick()
    {
        timer_.expires_after(std::chrono::microseconds(200));
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            ++ticks;
            tick();
        });
    }

    std::thread::id kernel_;

public:
    std::atomic<int> rings{0};
    threaded_event_loop loop;
    int echoed = 0;
    int ticks = 0;
    int jobs = 0;

private:
    socket_type socket_;
    asio::steady_timer timer_;
    std::array<char, 64> buffer_{};
};

// A client, and somebody who posts jobs, each in a thread of its own.
void talk(socket_type::native_handle_type handle)
{
    asio::io_context io;
    socket_type socket(io, asio::local::stream_protocol(), handle);
    char byte = 'x';
    for (int i = 0; i < k_messages; ++i) {
        asio::write(socket, asio::buffer(&byte, 1));
        socket.read_some(asio::buffer(&byte, 1));
    }
}

std::pair<int, int> connected_pair()
{
    asio::io_context io;
    socket_type ours(io);
    socket_type theirs(io);
    asio::local::connect_pair(ours, theirs);
    return {ours.release(), theirs.release()};
}

} // namespace

int main()
{
    echo first(std::this_thread::get_id());
    echo second(std::this_thread::get_id());
    second.loop.sleep_with(first.loop);
    const auto [first_server, first_client] = connected_pair();
    const auto [second_server, second_client] = connected_pair();
    first.serve(first_server);
    second.serve(second_server);
    std::thread one([handle = first_client] { talk(handle); });
    std::thread other([handle = second_client] { talk(handle); });
    std::thread poster([&first] {
        for (int i = 0; i < k_jobs; ++i) asio::post(first.loop.executor(), [&first] { ++first.jobs; });
    });
    while (first.echoed < k_messages || second.echoed < k_messages || first.jobs < k_jobs || first.ticks == 0) {
        second.loop.poll();
        first.loop.sleep(ns(std::chrono::milliseconds(10))); // woken for both
    }
    one.join();
    other.join();
    poster.join();
    require(first.rings > 0 && second.rings > 0, "the bell was rung");
    return 0;
}
