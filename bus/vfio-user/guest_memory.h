// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_VFIO_USER_GUEST_MEMORY_H
#define VIGIL_BUS_VFIO_USER_GUEST_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include <vigil/runstate/files/descriptor.h>

namespace vigil::bus {

/// A range of the guest's addresses; its last byte is within 64 bits.
struct guest_range {
    std::uint64_t address;
    std::uint64_t length; ///< not 0
};

/// What a device may do with a range.
struct guest_rights {
    bool read;
    bool write;
};

/// A part of a file that the client shares, mapped; gone at its end.
class shared_mapping {
public:
    shared_mapping() = default;
    shared_mapping(shared_mapping&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)), length_(other.length_)
    {
    }
    shared_mapping& operator=(shared_mapping&& other) noexcept
    {
        std::swap(bytes_, other.bytes_);
        std::swap(length_, other.length_);
        return *this;
    }
    ~shared_mapping();

    /// Maps `length` bytes of `file` from `offset` on, all of which the file must have; returns 0 or an errno value.
    int map(const runstate::descriptor& file, std::uint64_t offset, std::uint64_t length, const guest_rights& rights);

    explicit operator bool() const noexcept { return bytes_ != nullptr; }
    /// Copies from or to the mapped bytes, without ever touching them itself: the client can shorten its file at any
    /// time, and whoever then touches what is gone dies of SIGBUS, whatever it asked before. The kernel, asked to copy
    /// (process_vm_readv(2)), says EFAULT instead. Returns whether all was copied. The guest may see a copy half done.
    bool read(std::uint64_t offset, std::uint8_t* data, std::size_t count) const noexcept;
    bool write(std::uint64_t offset, const std::uint8_t* data, std::size_t count) const noexcept;

private:
    std::uint8_t* bytes_ = nullptr;
    std::size_t length_ = 0;
};

/// The guest's memory as a client announces it. What it shares by a descriptor a device can reach; the descriptor
/// itself is not kept.
class guest_memory {
public:
    /// As many ranges as the protocol lets a client expect where the server says nothing of it.
    static constexpr std::size_t k_most_ranges = 65535;

    /// Announces a range; `file` may be none, and then nobody reaches the range. Returns 0, or an errno value: EEXIST
    /// where it overlaps another, ENOSPC where there are too many, EINVAL where the file is not one that has all of it.
    int map(const guest_range& range, const guest_rights& rights, const runstate::descriptor& file,
            std::uint64_t offset);
    /// Takes back exactly what was announced; EINVAL where nothing was.
    int unmap(const guest_range& range);
    /// Forgets all of it.
    void clear() noexcept { ranges_.clear(); }

    std::size_t ranges() const noexcept { return ranges_.size(); }

    enum class outcome {
        done,
        absent,   ///< nothing is shared at some of the addresses, or no longer
        forbidden ///< the client does not allow this at some of them
    };
    /// An access may cross from one range to the next; where it cannot be done, it is not begun unless only the copying
    /// shows that the client took the memory away.
    outcome read(std::uint64_t address, std::uint8_t* data, std::size_t count) const;
    outcome write(std::uint64_t address, const std::uint8_t* data, std::size_t count) const;

private:
    struct announced {
        std::uint64_t length;
        guest_rights rights;
        shared_mapping mapping; ///< none where no file came with it
    };

    bool overlaps(const guest_range& range) const;
    template <class Copy>
    outcome access(std::uint64_t address, std::size_t count, bool guest_rights::*right, Copy copy) const;

    std::map<std::uint64_t, announced> ranges_; ///< by address
};

} // namespace vigil::bus

#endif
