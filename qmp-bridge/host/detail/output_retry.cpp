// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/detail/output_retry.h>

#include <chrono>

namespace vigil::qmp_bridge {

namespace {

constexpr auto k_pause = std::chrono::milliseconds(50);

} // namespace

output_retry::output_retry(const boost::asio::any_io_executor& io, line_output& output) : output_(output), timer_(io)
{
    output_.on_kept = [this] { wait(); };
    if (!output_.flush()) wait();
}

output_retry::~output_retry() { output_.on_kept = nullptr; }

void output_retry::wait()
{
    timer_.expires_after(k_pause);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled && !output_.flush()) wait();
    });
}

} // namespace vigil::qmp_bridge
