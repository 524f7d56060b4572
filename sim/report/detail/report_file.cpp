// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/report/detail/report_file.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <variant>

#include <sys/stat.h>
#include <unistd.h>

namespace vigil::sim {

namespace {

constexpr std::size_t k_buffer = std::size_t{64} * 1024;

// Of a new file that anybody may read whom the umask lets.
mode_t usual_mode()
{
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

} // namespace

report_file::report_file(std::string path) : path_(std::move(path))
{
    if (path_ != "-") open();
}

void report_file::open()
{
    struct stat there = {};
    if (::stat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) return fail("it is no regular file");
    const auto place = runstate::file_place(path_).settled();
    if (const auto* why = std::get_if<std::error_code>(&place)) return fail(why->message());
    auto file = runstate::new_file::at(std::get<0>(place));
    if (const auto* why = std::get_if<std::error_code>(&file)) return fail(why->message());
    file_.emplace(std::move(std::get<0>(file)));
    if (::fchmod(file_->number(), usual_mode()) != 0) fail(std::generic_category().message(errno));
}

void report_file::write(std::string_view text)
{
    if (error_) return;
    buffer_ += text;
    // Who reads the standard output wants to see each outcome as it comes.
    if (!file_ || buffer_.size() >= k_buffer) flush();
}

void report_file::rewrite(off_t at, std::string_view text)
{
    flush();
    put(text, at);
}

void report_file::complete()
{
    flush();
    if (error_ || !file_) return;
    if (const auto why = file_->publish()) fail(why.message());
}

void report_file::flush()
{
    put(buffer_, std::nullopt);
    buffer_.clear();
}

void report_file::put(std::string_view text, std::optional<off_t> at)
{
    const int to = file_ ? file_->number() : STDOUT_FILENO;
    while (!text.empty() && !error_) {
        const ssize_t count = at ? ::pwrite(to, text.data(), text.size(), *at) : ::write(to, text.data(), text.size());
        if (count < 0 && errno != EINTR) return fail(std::generic_category().message(errno));
        const auto put = std::max<ssize_t>(count, 0);
        text.remove_prefix(static_cast<std::size_t>(put));
        if (at) *at += put;
    }
}

void report_file::fail(const std::string& why)
{
    const std::string name = path_ == "-" ? "the report to the standard output" : "the report '" + path_ + "'";
    error_ = runstate::refusal{"Could not write " + name + ": " + why};
    file_.reset();
}

} // namespace vigil::sim
