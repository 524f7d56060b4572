// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/files/new_file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vigil::runstate {

namespace {

constexpr mode_t k_mode = 0600;
constexpr unsigned k_most_beside = 4; // in the making for one place at a time
constexpr std::size_t k_copied_at_once = std::size_t{64} * 1024;

std::error_code last_error() { return {errno, std::generic_category()}; }

// The names that files in the making have beside `place`: hidden, and short enough for any file system.
std::string name_beside(const file_place& place, unsigned number)
{
    constexpr std::size_t k_most_of_name = 200;
    return "." + place.name().substr(0, k_most_of_name) + ".saving-" + std::to_string(number);
}

bool lock(int file) { return ::flock(file, LOCK_EX | LOCK_NB) == 0; }

// Removes what a maker that was killed has left under this name, which nobody else gives to a file. Returns whether the
// name is free now.
bool clear_name(int folder, const std::string& name)
{
    const descriptor left(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (!left) return errno == ENOENT;
    struct stat info = {};
    if (::fstat(left.number(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) return false;
    return lock(left.number()) && is_named(left.number(), folder, name) && ::unlinkat(folder, name.c_str(), 0) == 0;
}

// A new file beside, locked, and its name.
std::variant<std::pair<descriptor, std::string>, std::error_code> create_beside(const file_place& place)
{
    const int folder = place.folder();
    for (unsigned number = 0; number < k_most_beside;) {
        std::string name = name_beside(place, number);
        descriptor file(::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, k_mode));
        if (!file && errno != EEXIST) return last_error();
        if (!file) {
            if (!clear_name(folder, name)) ++number;
            continue;
        }
        // Until it is locked, somebody can take it for what was left, and remove it. Not every file system has locks.
        const bool kept = lock(file.number()) || errno != EWOULDBLOCK;
        if (kept && is_named(file.number(), folder, name)) return std::make_pair(std::move(file), std::move(name));
    }
    return std::make_error_code(std::errc::file_exists);
}

// Gives a nameless file a name that nothing else has.
std::error_code give_name(int file, int folder, const std::string& name)
{
    // This way takes a privilege on older kernels, the other one /proc.
    if (::linkat(file, "", folder, name.c_str(), AT_EMPTY_PATH) == 0) return {};
    if (errno == EEXIST) return last_error();
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    if (::linkat(AT_FDCWD, link.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
    return last_error();
}

// Has what happened in a folder reach the disk. One that may not be read cannot be asked to.
std::error_code sync_folder(int folder)
{
    const descriptor readable(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!readable || ::fsync(readable.number()) == 0 || errno == EINVAL) return {};
    return last_error();
}

} // namespace

bool is_named(int file, int folder, const std::string& name)
{
    struct stat open = {};
    struct stat named = {};
    return ::fstat(file, &open) == 0 && ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

std::variant<new_file, std::error_code> new_file::at(const file_place& place, bool nameless)
{
    for (unsigned number = 0; number < k_most_beside; ++number) clear_name(place.folder(), name_beside(place, number));
    if (nameless) {
        descriptor file(::openat(place.folder(), ".", O_RDWR | O_TMPFILE | O_CLOEXEC, k_mode));
        if (file) return new_file(place, std::move(file), {});
    }
    auto created = create_beside(place);
    if (const auto* error = std::get_if<std::error_code>(&created)) return *error;
    auto& [file, name] = std::get<0>(created);
    return new_file(place, std::move(file), std::move(name));
}

new_file::~new_file()
{
    if (file_ && !beside_.empty() && is_named(number(), place_.folder(), beside_)) {
        ::unlinkat(place_.folder(), beside_.c_str(), 0);
    }
}

std::error_code new_file::publish()
{
    if (::fsync(number()) != 0) return last_error();
    if (const auto error = beside_.empty() ? publish_nameless() : replace()) return error;
    return sync_folder(place_.folder());
}

std::error_code new_file::publish_nameless()
{
    std::error_code error = give_name(number(), place_.folder(), place_.name());
    if (!error) return {};
    if (error != std::errc::file_exists) return copy_to_named();
    lock(number());
    for (unsigned number_beside = 0; error == std::errc::file_exists && number_beside < k_most_beside;) {
        const std::string name = name_beside(place_, number_beside);
        error = give_name(number(), place_.folder(), name);
        if (!error) beside_ = name;
        if (error && !clear_name(place_.folder(), name)) ++number_beside;
    }
    return error ? error : replace();
}

std::error_code new_file::copy_to_named()
{
    auto created = create_beside(place_);
    if (const auto* error = std::get_if<std::error_code>(&created)) return *error;
    const descriptor nameless = std::exchange(file_, std::move(std::get<0>(created).first));
    beside_ = std::move(std::get<0>(created).second);
    std::array<char, k_copied_at_once> piece{};
    for (off_t at = 0;;) {
        const ssize_t count = ::pread(nameless.number(), piece.data(), piece.size(), at);
        if (count == 0) break;
        for (ssize_t put = 0; put < count;) {
            const ssize_t more =
                ::pwrite(number(), piece.data() + put, static_cast<std::size_t>(count - put), at + put);
            if (more < 0 && errno != EINTR) return last_error();
            put += std::max<ssize_t>(more, 0);
        }
        if (count < 0 && errno != EINTR) return last_error();
        at += std::max<ssize_t>(count, 0);
    }
    if (::fsync(number()) != 0) return last_error();
    return replace();
}

std::error_code new_file::replace()
{
    if (::renameat(place_.folder(), beside_.c_str(), place_.folder(), place_.name().c_str()) != 0) return last_error();
    beside_.clear();
    return {};
}

} // namespace vigil::runstate
