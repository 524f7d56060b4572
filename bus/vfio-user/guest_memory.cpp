// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/guest_memory.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace vigil::bus {
namespace {

using copy_call = decltype(::process_vm_readv)*;

/// Has the kernel copy between `data` and `mapped`, both of this process.
bool copy(copy_call call, std::uint8_t* data, std::uint8_t* mapped, std::size_t count) noexcept
{
    while (count != 0) { // it copies less than 2 GiB at a time, and up to the first page that is gone
        const iovec local{data, count};
        const iovec remote{mapped, count};
        const ssize_t copied = call(::getpid(), &local, 1, &remote, 1, 0);
        if (copied <= 0) return false;
        const auto part = static_cast<std::size_t>(copied);
        data += part;
        mapped += part;
        count -= part;
    }
    return true;
}

} // namespace

shared_mapping::~shared_mapping()
{
    if (bytes_ != nullptr) ::munmap(bytes_, length_);
}

int shared_mapping::map(const runstate::descriptor& file, std::uint64_t offset, std::uint64_t length,
                        const guest_rights& rights)
{
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) return errno;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || offset > size || length > size - offset) return EINVAL;

    const int protection = (rights.read ? PROT_READ : PROT_NONE) | (rights.write ? PROT_WRITE : PROT_NONE);
    void* const bytes = ::mmap(nullptr, length, protection, MAP_SHARED, file.number(), static_cast<off_t>(offset));
    if (bytes == MAP_FAILED) return errno;
    bytes_ = static_cast<std::uint8_t*>(bytes);
    length_ = length;
    return 0;
}

bool shared_mapping::read(std::uint64_t offset, std::uint8_t* data, std::size_t count) const noexcept
{
    return copy(::process_vm_readv, data, bytes_ + offset, count);
}

bool shared_mapping::write(std::uint64_t offset, const std::uint8_t* data, std::size_t count) const noexcept
{
    return copy(::process_vm_writev, const_cast<std::uint8_t*>(data), bytes_ + offset, count);
}

int guest_memory::map(const guest_range& range, const guest_rights& rights, const runstate::descriptor& file,
                      std::uint64_t offset)
{
    if (range.length == 0 || range.length - 1 > std::numeric_limits<std::uint64_t>::max() - range.address) {
        return EINVAL;
    }
    if (overlaps(range)) return EEXIST;
    if (ranges_.size() == k_most_ranges) return ENOSPC;

    announced fresh{range.length, rights, {}};
    if (file) {
        const int error = fresh.mapping.map(file, offset, range.length, rights);
        if (error != 0) return error;
    }
    ranges_.emplace(range.address, std::move(fresh));
    return 0;
}

bool guest_memory::overlaps(const guest_range& range) const
{
    const auto next = ranges_.lower_bound(range.address);
    if (next != ranges_.end() && next->first - range.address < range.length) return true;
    if (next == ranges_.begin()) return false;
    const auto before = std::prev(next);
    return range.address - before->first < before->second.length;
}

int guest_memory::unmap(const guest_range& range)
{
    const auto found = ranges_.find(range.address);
    if (found == ranges_.end() || found->second.length != range.length) return EINVAL;
    ranges_.erase(found);
    return 0;
}

template <class Copy>
guest_memory::outcome guest_memory::access(std::uint64_t address, std::size_t count, bool guest_rights::*right,
                                           Copy copy) const
{
    // First only looks, then copies.
    for (const bool copying : {false, true}) {
        for (std::size_t done = 0; done < count;) {
            const std::uint64_t at = address + done;
            const auto next = ranges_.upper_bound(at);
            if (at < address || next == ranges_.begin()) return outcome::absent;
            const auto& [base, range] = *std::prev(next);
            const std::uint64_t offset = at - base;
            if (offset >= range.length || !range.mapping) return outcome::absent;
            if (!(range.rights.*right)) return outcome::forbidden;
            const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count - done, range.length - offset));
            if (copying && !copy(range.mapping, offset, done, part)) return outcome::absent;
            done += part;
        }
    }
    return outcome::done;
}

guest_memory::outcome guest_memory::read(std::uint64_t address, std::uint8_t* data, std::size_t count) const
{
    return access(address, count, &guest_rights::read,
                  [data](const shared_mapping& from, std::uint64_t offset, std::size_t done, std::size_t part) {
                      return from.read(offset, data + done, part);
                  });
}

guest_memory::outcome guest_memory::write(std::uint64_t address, const std::uint8_t* data, std::size_t count) const
{
    return access(address, count, &guest_rights::write,
                  [data](const shared_mapping& to, std::uint64_t offset, std::size_t done, std::size_t part) {
                      return to.write(offset, data + done, part);
                  });
}

} // namespace vigil::bus
