// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/shared_bytes.h>

#include <algorithm>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace vigil::sim {

namespace {

constexpr std::size_t k_most = std::size_t{1} << 30;
constexpr std::size_t k_first_room = 64U * 1024;

} // namespace

shared_bytes::shared_bytes() : file_(::memfd_create("vigil-run-said", MFD_CLOEXEC))
{
    if (file_ < 0 || ::ftruncate(file_, k_first_room) != 0) throw std::bad_alloc();
    // Addresses for all that it may ever hold; the file grows below them.
    memory_ = ::mmap(nullptr, k_most, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    about() = {0, k_first_room - sizeof(head), false};
}

shared_bytes::~shared_bytes()
{
    ::munmap(memory_, k_most);
    ::close(file_);
}

void shared_bytes::add(std::string_view bytes) noexcept
{
    head& now = about();
    if (now.full || (bytes.size() > now.room - now.used && !make_room(now.used + bytes.size()))) {
        now.full = true;
        return;
    }
    std::memcpy(this->bytes() + now.used, bytes.data(), bytes.size());
    now.used += bytes.size();
}

bool shared_bytes::make_room(std::size_t wanted) noexcept
{
    const std::size_t size = std::max(wanted + sizeof(head), 2 * (about().room + sizeof(head)));
    if (size > k_most || ::ftruncate(file_, static_cast<off_t>(size)) != 0) return false;
    about().room = size - sizeof(head);
    return true;
}

void shared_bytes::clear() noexcept
{
    if (about().room > k_first_room && ::ftruncate(file_, k_first_room) == 0) {
        about().room = k_first_room - sizeof(head);
    }
    about().used = 0;
    about().full = false;
}

std::string_view shared_bytes::all() const noexcept { return {bytes(), about().used}; }

} // namespace vigil::sim
