// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/host_file.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::qmp_bridge {

using runstate::descriptor;

namespace {

runstate::refusal failed(const std::string& path) { return refuse(path + ": " + std::strerror(errno)); }

// The descriptor of the program's own that a path means; nothing where it is a path like others.
std::optional<int> own_descriptor(std::string_view path)
{
    if (path == "/dev/stdout") return STDOUT_FILENO;
    if (path == "/dev/stderr") return STDERR_FILENO;
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
        if (path.substr(0, folder.size()) != folder) continue;
        const char* const end = path.data() + path.size();
        int number = -1;
        const auto [rest, error] = std::from_chars(path.data() + folder.size(), end, number);
        if (error == std::errc{} && rest == end && number >= 0) return number;
    }
    return std::nullopt;
}

runstate::result<descriptor> open_own(const std::string& path, int number)
{
    descriptor copy(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    if (!copy) return failed(path);
    if ((::fcntl(number, F_GETFL) & O_ACCMODE) == O_RDONLY) return refuse(path + ": not open for writing");
    return runstate::result<descriptor>(std::move(copy));
}

enum class wanted : std::uint8_t { any, regular, regular_to_append };

// Makes it nobody else's, and empty where it is to begin anew.
bool prepare_regular(const descriptor& file, const struct stat& info, bool append)
{
    if ((info.st_mode & 0777) != 0600 && ::fchmod(file.number(), 0600) != 0) return false;
    return append ? ::fcntl(file.number(), F_SETFL, O_APPEND) == 0 : ::ftruncate(file.number(), 0) == 0;
}

runstate::result<descriptor> open_by_name(const std::string& path, wanted what)
{
    const int patience = what == wanted::any ? 0 : O_NONBLOCK; // with a pipe that nobody reads
    descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | patience, 0600));
    if (!file && errno == ELOOP) return refuse(path + ": is a symbolic link, which is not followed");
    if (!file) return failed(path);
    struct stat info = {};
    if (::fstat(file.number(), &info) != 0) return failed(path);
    if (S_ISREG(info.st_mode)) {
        if (!prepare_regular(file, info, what == wanted::regular_to_append)) return failed(path);
    } else if (what != wanted::any) {
        return refuse(path + ": not a regular file");
    } else if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode)) {
        return refuse(path + ": is neither a regular file nor a pipe nor a character device");
    }
    return runstate::result<descriptor>(std::move(file));
}

// The stream that takes the descriptor over.
runstate::result<std::FILE*> as_stream(runstate::result<descriptor> opened, const std::string& path)
{
    if (!opened) return std::move(opened).why();
    std::FILE* const stream = ::fdopen(opened->number(), "w");
    if (stream == nullptr) return failed(path);
    opened->release();
    return stream;
}

} // namespace

runstate::result<std::string> read_whole_file(const std::string& path, std::size_t most)
{
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return failed(path);
    std::string content;
    std::array<char, 16384> piece{};
    while (content.size() <= most) {
        const ssize_t count = ::read(file.number(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(path);
        if (count == 0) return content;
        content.append(piece.data(), static_cast<std::size_t>(count));
    }
    return refuse(path + ": has more than " + std::to_string(most) + " bytes");
}

runstate::result<std::FILE*> open_private_file(const std::string& path)
{
    const auto own = own_descriptor(path);
    return as_stream(own ? open_own(path, *own) : open_by_name(path, wanted::any), path);
}

runstate::result<std::FILE*> open_private_regular_file(const std::string& path, bool append)
{
    return as_stream(open_by_name(path, append ? wanted::regular_to_append : wanted::regular), path);
}

} // namespace vigil::qmp_bridge
