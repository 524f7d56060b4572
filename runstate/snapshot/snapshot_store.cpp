// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/snapshot/snapshot_store.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vigil/runstate/files/new_file.h>

namespace vigil::runstate {

namespace {

// An open file, as long as it was when it was opened.
class bytes_of_file final : public byte_source {
public:
    bytes_of_file(descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
    std::uint64_t size() const override { return size_; }
    std::optional<std::string> read(std::uint64_t at, std::uint8_t* to, std::size_t count) const override
    {
        for (std::size_t got = 0; got < count;) {
            const ssize_t more = ::pread(file_.number(), to + got, count - got, static_cast<off_t>(at + got));
            if (more == 0) return "was cut off while it was read";
            if (more < 0 && errno != EINTR) return std::string("cannot be read: ") + std::strerror(errno);
            got += static_cast<std::size_t>(std::max<ssize_t>(more, 0));
        }
        return std::nullopt;
    }

private:
    descriptor file_;
    std::uint64_t size_;
};

// Writes at a place of a file; returns why that was not possible.
std::error_code write_at(int file, off_t at, const std::uint8_t* bytes, std::size_t count)
{
    for (std::size_t put = 0; put < count;) {
        const ssize_t more = ::pwrite(file, bytes + put, count - put, at + static_cast<off_t>(put));
        if (more < 0 && errno != EINTR) return {errno, std::generic_category()};
        put += static_cast<std::size_t>(std::max<ssize_t>(more, 0));
    }
    return {};
}

refusal could_not(const char* what, const file_place& place, const std::string& why)
{
    return {std::string("Could not ") + what + " '" + place.shown() + "': " + why};
}

class file_draft final : public snapshot_draft {
public:
    file_draft(file_place place, new_file file) : place_(std::move(place)), file_(std::move(file)) {}

    result<snapshot_checksum> commit(const snapshot& state) override
    {
        off_t at = k_snapshot_header_bytes; // whose numbers are known at the end
        std::error_code error;
        const auto write = [&](const std::uint8_t* bytes, std::size_t count) -> std::optional<refusal> {
            error = write_at(file_.number(), at, bytes, count);
            at += static_cast<off_t>(count);
            if (error) return refusal{error.message()};
            return std::nullopt;
        };
        const auto header = encode_body(state, write);
        if (!header) return could_not("write", place_, header.why().text);
        at = 0;
        write(header->bytes.data(), header->bytes.size());
        if (!error) error = file_.publish();
        if (error) return could_not("write", place_, error.message());
        return header->checksum;
    }

private:
    file_place place_;
    new_file file_;
};

} // namespace

result<std::unique_ptr<snapshot_draft>> snapshot_files::create(const file_place& place)
{
    const auto no_file = [&place](const std::error_code& why) {
        return could_not("create a file beside", place, why.message());
    };
    const auto settled = place.settled();
    if (const auto* error = std::get_if<std::error_code>(&settled)) return no_file(*error);
    const auto& target = std::get<file_place>(settled);
    struct stat info = {};
    if (::fstatat(target.folder(), target.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(info.st_mode) &&
        !S_ISLNK(info.st_mode)) {
        return could_not("write", place, "not a regular file");
    }
    auto made = new_file::at(target);
    if (const auto* error = std::get_if<std::error_code>(&made)) return no_file(*error);
    return std::unique_ptr<snapshot_draft>(std::make_unique<file_draft>(place, std::move(std::get<new_file>(made))));
}

result<stored_snapshot> snapshot_files::read(const file_place& place, std::uint64_t most_bytes)
{
    // Of fields that are read into memory; a machine's RAM is none of them.
    constexpr std::uint64_t k_most_of_field = std::uint64_t{64} * 1024;
    constexpr std::uint64_t k_most_memory = std::uint64_t{16} * 1024 * 1024;
    // Not blocking, so that a FIFO or a device is told from a file before anything waits for it.
    descriptor file = place.open(O_RDONLY | O_NONBLOCK);
    if (!file) return could_not("read", place, std::strerror(errno));
    struct stat info = {};
    if (::fstat(file.number(), &info) != 0 || !S_ISREG(info.st_mode)) {
        return could_not("read", place, "not a regular file");
    }
    const auto bytes = std::make_shared<bytes_of_file>(std::move(file), static_cast<std::uint64_t>(info.st_size));
    auto decoded = decode_snapshot(bytes, {most_bytes, k_most_of_field, k_most_memory});
    if (!decoded) return refusal{"'" + place.shown() + "' " + decoded.why().text};
    return decoded;
}

} // namespace vigil::runstate
