// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/program_log.h>

#include <ctime>

#include <unistd.h>

#include <boost/asio/post.hpp>

#include <vigil/runstate/clock/host_time.h>

namespace vigil::sim {

namespace {

bool the_time_is_told = false;

std::string complaint(std::string_view text)
{
    std::string line = the_time_is_told ? time_text(runstate::time_of_day()) : std::string();
    line += "vigil-sim:";
    line += text;
    line += '\n';
    return line;
}

} // namespace

std::string time_text(std::chrono::microseconds since_1970)
{
    const auto [whole, rest] = runstate::split(since_1970);
    const auto seconds = static_cast<std::time_t>(whole);
    std::tm parts = {};
    ::gmtime_r(&seconds, &parts);
    char day[40];
    const std::size_t length = std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06dZ ", static_cast<int>(rest));
    return std::string(day, length) + fraction;
}

qmp_bridge::line_output& standard_error()
{
    static qmp_bridge::line_output output(STDERR_FILENO, [] {
        qmp_bridge::line_output::options opts;
        opts.tell_dropped = [](std::uint64_t lines) {
            return complaint(" " + qmp_bridge::dropped_text("standard error", lines));
        };
        return opts;
    }());
    return output;
}

void complain_with_time(bool yes) noexcept { the_time_is_told = yes; }

void complain(std::string_view text) { standard_error().write(complaint(" " + std::string(text))); }

void complain_of(const runstate::refusal& refused, const qmp_bridge::option_place& where)
{
    standard_error().write(complaint(where.in_file ? refused.text : " " + refused.text));
}

batched_log::~batched_log() { flush(); }

void batched_log::write(std::string_view lines, const boost::asio::any_io_executor& io)
{
    if (pending_.empty()) boost::asio::post(io, [this] { flush(); });
    pending_ += lines;
}

void batched_log::flush()
{
    if (!pending_.empty()) output_->write(pending_);
    pending_.clear();
}

} // namespace vigil::sim
