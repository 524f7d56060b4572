// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_NAME_RESOLVER_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_NAME_RESOLVER_H

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <vigil/runstate/result.h>

namespace vigil::qmp_bridge {

/// Finds the addresses of hosts. That takes as long as name servers take, which may be many seconds, so that a thread
/// of its own does it: the only one beside the kernel's.
class name_resolver {
public:
    using endpoints = std::vector<boost::asio::generic::stream_protocol::endpoint>;
    /// Addresses in the order to be tried, at least one; or why there are none.
    using result = runstate::result<endpoints>;

    explicit name_resolver(boost::asio::any_io_executor io) : io_(std::move(io)) {}
    /// Does not wait for the thread, which comes to its end by itself.
    ~name_resolver();
    name_resolver(const name_resolver&) = delete;
    name_resolver& operator=(const name_resolver&) = delete;

    /// Waits for the answer.
    static result look_up(const std::string& host, const std::string& port);
    /// Has `done` called in the event loop. Throws std::system_error where no thread can be had.
    void look_up(const std::string& host, const std::string& port, std::function<void(result)> done);

    /// Starts the thread and loads all that looking up may want, for a process that will be allowed neither.
    void prepare();

private:
    struct queue;

    void start();
    static void work(queue& shared);

    boost::asio::any_io_executor io_;
    std::shared_ptr<queue> queue_; ///< shared with the thread, once there is one
};

} // namespace vigil::qmp_bridge

#endif
