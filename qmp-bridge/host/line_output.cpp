// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/line_output.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vigil::qmp_bridge {

namespace {

// Descriptors of our own stay away from the low numbers, which a command line may name as inherited ones.
constexpr int k_least_own = 500;

std::uint64_t count_lines(std::string_view text)
{
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// How much of `bytes` to write at once where a pipe may be behind: whole lines where they fit, so that those of others
// do not come between, or `most` of a longer line.
std::size_t portion(std::string_view bytes, std::size_t most)
{
    if (bytes.size() <= PIPE_BUF) return bytes.size();
    const std::size_t last_end = bytes.rfind('\n', PIPE_BUF - 1);
    return last_end == std::string_view::npos ? std::min(bytes.size(), most) : last_end + 1;
}

constexpr std::size_t k_any = std::string_view::npos;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

} // namespace

line_output::line_output(int fd, options opts) : fd_(fd), options_(std::move(opts)) { look(); }

line_output::~line_output()
{
    finish(k_last_words);
    close_own();
}

void line_output::write(std::string_view lines)
{
    const bool none_kept = flush();
    keep(lines);
    if (!flush() && none_kept && on_kept) on_kept();
}

bool line_output::flush()
{
    if (kept_.empty() && dropped_in_a_row_ == 0) return true;
    look();
    for (;;) {
        if (kept_.empty()) {
            const std::uint64_t missing = std::exchange(dropped_in_a_row_, 0);
            if (missing == 0 || !options_.tell_dropped) return true;
            begin_line();
            kept_.append_to() += options_.tell_dropped(missing);
            told_ = missing;
        }
        const ssize_t taken = offer(kept_.unsent());
        if (taken < 0 && !would_block(errno)) {
            error_ = errno;
            lose_kept();
            return true;
        }
        if (taken <= 0) return false;
        const auto count = static_cast<std::size_t>(taken);
        mid_line_ = kept_.unsent()[count - 1] != '\n';
        kept_.sent(count);
        told_ = 0;
        error_ = 0;
    }
}

bool line_output::finish(std::chrono::milliseconds limit)
{
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + limit;
    while (!flush()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
        if (left <= 0 || !wait_until_writable(static_cast<int>(left))) return false;
    }
    return true;
}

void line_output::look()
{
    struct stat status = {};
    if (::fstat(fd_, &status) != 0) {
        close_own();
        way_ = way::none;
        return;
    }
    const identity now{status.st_dev, status.st_ino, status.st_mode};
    if (way_ != way::none && now == written_to_) return;
    close_own();
    written_to_ = now;
    way_ = S_ISREG(now.mode) ? way::direct : S_ISSOCK(now.mode) ? way::socket : way::polled;
    if (S_ISFIFO(now.mode) || (S_ISCHR(now.mode) && ::isatty(fd_) != 0)) open_anew();
}

void line_output::open_anew()
{
    const std::string name = "/proc/self/fd/" + std::to_string(fd_);
    const int opened = ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (opened < 0) return;
    own_ = ::fcntl(opened, F_DUPFD_CLOEXEC, k_least_own);
    ::close(opened);
    if (own_ >= 0) way_ = way::own;
}

ssize_t line_output::offer(std::string_view bytes)
{
    switch (way_) {
    case way::direct: return ::write(fd_, bytes.data(), bytes.size());
    case way::own: return ::write(own_, bytes.data(), portion(bytes, k_any));
    case way::socket: return ::send(fd_, bytes.data(), portion(bytes, k_any), MSG_DONTWAIT | MSG_NOSIGNAL);
    case way::polled:
        if (!wait_until_writable(0)) return 0;
        return ::write(fd_, bytes.data(), portion(bytes, PIPE_BUF));
    case way::none: break;
    }
    errno = EBADF;
    return -1;
}

bool line_output::wait_until_writable(int milliseconds)
{
    pollfd ready{own_ >= 0 ? own_ : fd_, POLLOUT, 0};
    return ::poll(&ready, 1, milliseconds) > 0;
}

void line_output::begin_line()
{
    if (kept_.empty() && mid_line_) kept_.append_to() += '\n';
}

void line_output::keep(std::string_view lines)
{
    if (dropped_in_a_row_ == 0) begin_line();
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
        // A regular file takes any number of lines; once some are missing, so are all until that can be told.
        if (dropped_in_a_row_ != 0 || (way_ != way::direct && kept_.size() >= options_.most_kept)) {
            const std::uint64_t missing = std::max<std::uint64_t>(count_lines(lines), 1);
            dropped_in_a_row_ += missing;
            dropped_ += missing;
            return;
        }
        kept_.append_to() += lines.substr(0, end);
        lines.remove_prefix(end);
    }
}

void line_output::lose_kept()
{
    const std::uint64_t missing = count_lines(kept_.unsent()) - (told_ != 0 ? 1 : 0);
    dropped_in_a_row_ += missing + std::exchange(told_, 0);
    dropped_ += missing;
    kept_.sent(kept_.size());
}

void line_output::close_own() noexcept
{
    if (own_ >= 0) ::close(std::exchange(own_, -1));
}

} // namespace vigil::qmp_bridge
