// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_FILES_DESCRIPTOR_H
#define VIGIL_RUNSTATE_FILES_DESCRIPTOR_H

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace vigil::runstate {

/// An open file descriptor, or none; closed at its end, with `errno` as it was.
class descriptor {
public:
    descriptor() = default;
    /// Takes over what open(2) returned.
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept
    {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor()
    {
        const int before = errno;
        if (number_ >= 0) ::close(number_);
        errno = before;
    }

    explicit operator bool() const noexcept { return number_ >= 0; }
    /// −1 where there is none.
    int number() const noexcept { return number_; }
    /// Gives it away.
    int release() noexcept { return std::exchange(number_, -1); }

private:
    int number_ = -1;
};

} // namespace vigil::runstate

#endif
