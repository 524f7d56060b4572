// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_SHARED_BYTES_H
#define VIGIL_SIM_REGRESSION_SHARED_BYTES_H

#include <cstddef>
#include <string_view>

namespace vigil::sim {

/// Bytes that a process adds one after the other, without a system call each, and that the one which forked it still
/// has when it has ended, however it did.
class shared_bytes {
public:
    /// Throws std::bad_alloc where there is no memory.
    shared_bytes();
    ~shared_bytes();
    shared_bytes(const shared_bytes&) = delete;
    shared_bytes& operator=(const shared_bytes&) = delete;

    /// Adds `bytes`; where there is no room for them, none is added any more.
    void add(std::string_view bytes) noexcept;
    void clear() noexcept;

    std::string_view all() const noexcept;
    /// Whether nothing is missing.
    bool complete() const noexcept { return !about().full; }

private:
    struct head {
        std::size_t used;
        std::size_t room;
        bool full;
    };

    head& about() const noexcept { return *static_cast<head*>(memory_); }
    char* bytes() const noexcept { return static_cast<char*>(memory_) + sizeof(head); }
    bool make_room(std::size_t wanted) noexcept;

    int file_ = -1;
    void* memory_ = nullptr;
};

} // namespace vigil::sim

#endif
