// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/pid_file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <variant>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vigil/runstate/files/new_file.h>

namespace vigil::sim {

using runstate::file_place;

namespace {

constexpr mode_t k_mode = 0600;

std::string failed(const char* what) { return std::string("cannot be ") + what + ": " + std::strerror(errno); }

// Whether a file's text is a process id and nothing more.
bool is_process_id(std::string_view text)
{
    if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    constexpr std::size_t k_most_digits = 20;
    return !text.empty() && text.size() <= k_most_digits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// At most as much of a file as tells whether it is a process id's.
std::string beginning_of(int file)
{
    std::array<char, 32> bytes{};
    const ssize_t count = ::pread(file, bytes.data(), bytes.size(), 0);
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

// Why the file cannot be held; nothing where it is from now on.
std::optional<std::string> lock(int file)
{
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file, F_OFD_SETLK, &whole) == 0) return std::nullopt;
    if (errno != EAGAIN && errno != EACCES) return failed("locked");
    std::string owner = beginning_of(file);
    if (!is_process_id(owner)) return "is held by a program that still runs";
    owner.erase(owner.find_last_not_of('\n') + 1);
    return "belongs to a program that still runs, process " + owner;
}

// Why something that has the name is no file to be taken over; nothing where it may be one.
std::optional<std::string> refuse_kind(mode_t mode)
{
    if (S_ISREG(mode)) return std::nullopt;
    if (S_ISLNK(mode)) return "is a symbolic link, which is not followed";
    return "is not a regular file";
}

} // namespace

pid_file::~pid_file()
{
    if (ours_ && is_named()) ::unlinkat(place_->folder(), place_->name().c_str(), 0);
}

bool pid_file::is_named() const { return runstate::is_named(file_.number(), place_->folder(), place_->name()); }

std::optional<std::string> pid_file::write(const std::string& path)
{
    // By its folder: a daemon does not stay in the one that it was started in.
    const auto place = file_place::in_folder(path, path);
    if (const auto* error = std::get_if<std::error_code>(&place)) return "cannot be created: " + error->message();
    place_ = std::get<file_place>(place);
    if (auto why = hold()) return why;
    return put_down();
}

std::optional<std::string> pid_file::hold()
{
    constexpr int k_attempts = 10; // a program that ends removes its file meanwhile
    for (int i = 0; i < k_attempts; ++i) {
        file_ = place_->open(O_RDWR | O_CREAT | O_EXCL, k_mode);
        ours_ = static_cast<bool>(file_);
        if (!file_ && errno != EEXIST) return failed("created");
        auto why = file_ ? lock(file_.number()) : take_over();
        if (why || (file_ && is_named())) return why;
    }
    return "cannot be held: others create and remove it all the time";
}

std::optional<std::string> pid_file::take_over()
{
    struct stat info = {};
    // Looked at before it is opened, for opening a device can do something.
    if (::fstatat(place_->folder(), place_->name().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
        if (auto why = refuse_kind(info.st_mode)) return why;
    }
    file_ = place_->open(O_RDWR | O_NONBLOCK);
    if (!file_ && errno == ENOENT) return std::nullopt; // it has just gone
    if (!file_) return failed("opened");
    if (::fstat(file_.number(), &info) != 0) return failed("looked at");
    if (auto why = refuse_kind(info.st_mode)) return why;
    if (auto why = lock(file_.number())) return why;
    if (is_process_id(beginning_of(file_.number()))) return std::nullopt;
    return "is not a pid file: it must not exist yet, or have one line with a decimal number";
}

std::optional<std::string> pid_file::put_down()
{
    const std::string text = std::to_string(::getpid()) + "\n";
    const ssize_t count = ::pwrite(file_.number(), text.data(), text.size(), 0);
    if (count < 0) return failed("written");
    ours_ = true;
    if (count != static_cast<ssize_t>(text.size())) return "cannot be written to its end";
    if (::ftruncate(file_.number(), count) != 0) return failed("written");
    return std::nullopt;
}

} // namespace vigil::sim
