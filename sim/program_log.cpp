// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/program_log.h>

#include <chrono>
#include <ctime>

#include <boost/asio/post.hpp>

namespace vigil::sim {

namespace {

bool the_time_is_told = false;

// Now as ISO 8601 has it, in UTC with microseconds.
std::string time_text()
{
    using std::chrono::microseconds;
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    const auto all = std::chrono::duration_cast<microseconds>(since_1970).count();
    const auto seconds = static_cast<std::time_t>(all / microseconds::period::den);
    std::tm parts = {};
    ::gmtime_r(&seconds, &parts);
    char day[40];
    const std::size_t length = std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06dZ ", static_cast<int>(all % microseconds::period::den));
    return std::string(day, length) + fraction;
}

} // namespace

void complain_with_time(bool yes) noexcept { the_time_is_told = yes; }

void complain(std::string_view text) { complain_of_file(" " + std::string(text)); }

void complain_of_file(std::string_view text)
{
    const std::string time = the_time_is_told ? time_text() : std::string();
    std::fprintf(stderr, "%svigil-sim:%.*s\n", time.c_str(), static_cast<int>(text.size()), text.data());
}

batched_log::~batched_log()
{
    if (file_ == nullptr) return;
    flush();
    if (file_ != stderr) std::fclose(file_);
}

void batched_log::write(std::string_view lines, boost::asio::io_context& io)
{
    if (pending_.empty()) boost::asio::post(io, [this] { flush(); });
    pending_ += lines;
}

void batched_log::flush()
{
    std::fwrite(pending_.data(), 1, pending_.size(), file_);
    std::fflush(file_);
    pending_.clear();
}

} // namespace vigil::sim
