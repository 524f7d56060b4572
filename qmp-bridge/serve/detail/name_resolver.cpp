// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/serve/detail/name_resolver.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <new>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include <dlfcn.h>
#include <netdb.h>

#include <boost/asio/post.hpp>

#include <vigil/qmp-bridge/serve/detail/signal_free_thread.h>

namespace vigil::qmp_bridge {

namespace {

// Does `act`, which may want memory, again until there is enough: whoever asked waits for an answer.
template <class Act> void until_done(Act act)
{
    for (;;) {
        try {
            act();
            return;
        } catch (const std::bad_alloc&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

// The C library loads the services that /etc/nsswitch.conf names for hosts when a look-up first comes to them.
void load_name_services()
{
    std::ifstream in("/etc/nsswitch.conf");
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string word;
        if (!(words >> word) || word != "hosts:") continue;
        while (words >> word) {
            // What is not there, or built in, is nothing to load; what else is no name is none of a library either.
            if (word.front() != '[') ::dlopen(("libnss_" + word + ".so.2").c_str(), RTLD_NOW);
        }
    }
}

} // namespace

// What the two threads share.
struct name_resolver::queue {
    struct request {
        std::string host;
        std::string port;
        std::function<void(result)> done;
    };

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<request> requests;
    boost::asio::any_io_executor io; ///< empty once nobody waits for answers any more
};

name_resolver::~name_resolver()
{
    if (!queue_) return;
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    queue_->io = {};
    queue_->requests.clear();
    queue_->changed.notify_one();
}

name_resolver::result name_resolver::look_up(const std::string& host, const std::string& port)
{
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (error != 0) return runstate::refusal{error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    endpoints result;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        result.emplace_back(one->ai_addr, one->ai_addrlen, one->ai_protocol);
    }
    return result;
}

void name_resolver::look_up(const std::string& host, const std::string& port, std::function<void(result)> done)
{
    start();
    const std::lock_guard<std::mutex> lock(queue_->mutex);
    queue_->requests.push_back({host, port, std::move(done)});
    queue_->changed.notify_one();
}

void name_resolver::prepare()
{
    load_name_services();
    static_cast<void>(look_up("localhost", "0")); // reads the configuration
    start();
}

void name_resolver::start()
{
    if (queue_) return;
    auto shared = std::make_shared<queue>();
    shared->io = io_;
    signal_free_thread([shared] { work(*shared); }).detach();
    queue_ = std::move(shared);
}

void name_resolver::work(queue& shared)
{
    std::unique_lock<std::mutex> lock(shared.mutex);
    for (;;) {
        shared.changed.wait(lock, [&] { return !shared.io || !shared.requests.empty(); });
        if (!shared.io) return;
        queue::request next = std::move(shared.requests.front());
        shared.requests.pop_front();
        lock.unlock();
        result answer = endpoints();
        until_done([&] { answer = look_up(next.host, next.port); });
        lock.lock();
        until_done([&] {
            if (shared.io) boost::asio::post(shared.io, [next, answer] { next.done(answer); });
        });
    }
}

} // namespace vigil::qmp_bridge
