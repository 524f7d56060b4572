// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_HOST_DETAIL_OUTPUT_RETRY_H
#define VIGIL_QMP_BRIDGE_HOST_DETAIL_OUTPUT_RETRY_H

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vigil/qmp-bridge/host/line_output.h>

namespace vigil::qmp_bridge {

/// Offers what a `line_output` keeps to its reader again and again, from an event loop, until it is taken. Nothing is
/// periodic while nothing is kept.
class output_retry {
public:
    /// Both must outlive it.
    output_retry(const boost::asio::any_io_executor& io, line_output& output);
    ~output_retry();
    output_retry(const output_retry&) = delete;
    output_retry& operator=(const output_retry&) = delete;

private:
    void wait();

    line_output& output_;
    boost::asio::steady_timer timer_;
};

} // namespace vigil::qmp_bridge

#endif
